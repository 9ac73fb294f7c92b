//! The texts, each put together from the parts that it needs.

use std::sync::LazyLock;

use sha1_smol::Sha1;

/// A script, and the name under which the server keeps it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) sha: String,
}

impl Script {
    fn of(parts: &[&str]) -> Script {
        let text = parts.concat();
        let sha = Sha1::from(&text).digest().to_string();
        Script { text, sha }
    }
}

macro_rules! scripts {
    ($($name:ident: $($part:literal)*;)*) => {
        impl Script {
            $(pub(crate) fn $name() -> &'static Script {
                static SCRIPT: LazyLock<Script> =
                    LazyLock::new(|| Script::of(&[$(include_str!(concat!("lua/", $part, ".lua"))),*]));
                &SCRIPT
            })*
        }
    };
}

scripts! {
    reserve: "load" "time" "quick" "marks" "room" "spot" "names" "line" "change" "reserve";
    cancel: "load" "time" "marks" "names" "line" "change" "cancel";
    leak: "load" "time" "marks" "names" "line" "change" "leak";
    flush: "load" "time" "marks" "names" "line" "change" "flush";
    waiting: "load" "time" "marks" "room" "spot" "waiting";
    available: "load" "time" "marks" "room" "available";
    count: "load" "time" "marks" "count";
    peek: "load" "time" "marks" "peek";
    together: "time" "together_begin" "load" "quick" "together_end";
    now: "now";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_named_by_the_sha1_of_its_text() {
        // As `redis-cli script load "return 1"` answers.
        let sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        assert_eq!(Script::of(&["return", " 1"]).sha, sha);
    }

    #[test]
    fn the_scripts_write_the_version_that_errors_speak_of() {
        let version = format!("local VERSION = 0x507952{:02x}", super::super::VERSION);
        assert!(Script::reserve().text.contains(&version));
    }
}
