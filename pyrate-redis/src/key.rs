//! Keys: where on the server a bucket is stored.

use fred::bytes::Bytes;

/// The key of the bucket `key` under `prefix`, which holds no brace.
///
/// What stands between its first brace and the first closing one behind that decides on which server of a cluster it is,
/// with all further keys of the bucket, which only append to it. That text must not be empty: where it would be, a `%`
/// goes first; and where there is one already, so that different buckets keep different keys.
pub(crate) fn redis_key(prefix: &str, key: &str) -> Bytes {
    let mark = if key.is_empty() || key.starts_with(['}', '%']) { "%" } else { "" };
    [prefix, "{", mark, key, "}"].concat().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use fred::util::redis_keyslot;

    use super::*;

    const HOSTILE: [&str; 12] =
        ["", "%", "%%", "}", "%}", "{", "{}", "a", "a}", "{a}", "a}:q", "\0\u{1f4a5}"];

    #[test]
    fn a_plain_key_stands_there_as_it_is() {
        assert_eq!(redis_key("pyrate:", "user-7"), "pyrate:{user-7}");
    }

    #[test]
    fn different_keys_never_meet_nor_do_their_further_keys() {
        let mut seen = HashSet::new();
        for key in HOSTILE {
            for suffix in ["", ":q", ":p", ":n", ":0"] {
                assert!(
                    seen.insert([&redis_key("p", key)[..], suffix.as_bytes()].concat()),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn all_keys_of_a_bucket_share_a_slot() {
        for key in HOSTILE {
            let main = redis_key("p", key);
            let further = [&main[..], b":q"].concat();
            assert_eq!(redis_keyslot(&main), redis_keyslot(&further), "{key}");
        }
    }
}
