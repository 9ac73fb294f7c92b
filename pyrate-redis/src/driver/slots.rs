//! Slots: which server of a cluster holds which keys.

use fred::types::Value;
use fred::types::config::Server;

/// How many slots every cluster has.
const SLOTS: usize = 16_384;

/// Who has which slot, as a server told it.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// By slot, an index of `masters`, one more than it; 0 where nobody has the slot.
    owners: Vec<u16>,
    masters: Vec<Server>,
    /// Those who may take over.
    replicas: Vec<Server>,
}

impl Slots {
    /// What `teller` answered to `CLUSTER SLOTS`; `None` if that isn't an answer or no slot is served.
    pub(super) fn of(answer: &Value, teller: &Server) -> Option<Slots> {
        let Value::Array(ranges) = answer else { return None };
        let mut slots = Slots::default();
        for range in ranges {
            let Value::Array(range) = range else { return None };
            let [first, last, master, replicas @ ..] = range.as_slice() else { return None };
            let (first, last) = (first.as_u64()?, last.as_u64()?);
            let master = server(master, teller)?;
            for slot in first..=last.min(SLOTS as u64 - 1) {
                slots.give(u16::try_from(slot).ok()?, &master);
            }
            slots.replicas.extend(replicas.iter().filter_map(|replica| server(replica, teller)));
        }
        (!slots.masters.is_empty()).then_some(slots)
    }

    pub(super) fn owner(&self, slot: u16) -> Option<&Server> {
        let owner = usize::from(*self.owners.get(usize::from(slot))?);
        self.masters.get(owner.checked_sub(1)?)
    }

    /// Notes that `slot` is `server`'s.
    pub(super) fn give(&mut self, slot: u16, server: &Server) {
        let known = self.masters.iter().position(|master| master == server);
        let index = known.unwrap_or_else(|| {
            self.masters.push(server.clone());
            self.masters.len() - 1
        });
        self.owners.resize(SLOTS, 0);
        if let (Some(owner), Ok(index)) =
            (self.owners.get_mut(usize::from(slot)), u16::try_from(index + 1))
        {
            *owner = index;
        }
    }

    pub(super) fn masters(&self) -> &[Server] {
        &self.masters
    }

    /// All servers that are known, those that have slots first.
    pub(super) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.masters.iter().chain(&self.replicas)
    }
}

/// Host and port of a node. A host that isn't said is the teller's.
fn server(node: &Value, teller: &Server) -> Option<Server> {
    let Value::Array(parts) = node else { return None };
    let [host, port, ..] = parts.as_slice() else { return None };
    let host = host.as_str().filter(|host| !host.is_empty() && *host != "?");
    let port = u16::try_from(port.as_u64()?).ok()?;
    Some(Server::new(host.as_deref().unwrap_or(&*teller.host), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: Value, port: i64) -> Value {
        Value::Array(vec![host, port.into(), "id".into()])
    }

    #[test]
    fn ranges_tell_who_has_a_slot_and_who_may_take_over() {
        let here = node(Value::Null, 7000);
        let (there, replica) = (node("10.0.0.2".into(), 7001), node("10.0.0.3".into(), 7002));
        let answer = Value::Array(vec![
            Value::Array(vec![0.into(), 99.into(), here]),
            Value::Array(vec![200.into(), 16_383.into(), there, replica]),
        ]);
        let mut slots = Slots::of(&answer, &Server::new("10.0.0.1", 7009)).unwrap();
        assert_eq!(slots.owner(99), Some(&Server::new("10.0.0.1", 7000)));
        assert_eq!(slots.owner(100), None);
        assert_eq!(slots.owner(16_383), Some(&Server::new("10.0.0.2", 7001)));
        assert_eq!(slots.servers().count(), 3);
        slots.give(100, &Server::new("10.0.0.2", 7001));
        assert_eq!(slots.owner(100), slots.owner(200));
        assert_eq!(slots.masters().len(), 2);
    }

    #[test]
    fn what_is_no_answer_tells_nothing() {
        let teller = Server::new("10.0.0.1", 7000);
        for answer in [Value::Null, Value::Array(vec![]), Value::Array(vec![Value::Array(vec![])])]
        {
            assert!(Slots::of(&answer, &teller).is_none());
        }
    }
}
