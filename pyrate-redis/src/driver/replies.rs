//! Replies: which of the calls on a line a word is meant for that the client tells to all of them.
//!
//! A server answers the calls of a connection one after the other. When it says that its cluster is down, the client ends the
//! connection, and every call that was on its way hears those words: one was not executed, the others may have been.

/// The calls of a line, by number.
#[derive(Debug, Default)]
pub(super) struct Replies {
    sent: u64,
    /// Those up to here have been answered, or never will be.
    settled: u64,
    /// Those up to here were on a connection that is no more.
    broken: u64,
}

impl Replies {
    /// Whether nothing is on its way.
    pub(super) fn is_quiet(&self) -> bool {
        self.settled == self.sent
    }

    /// The number of a call that is about to be sent.
    pub(super) fn send(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// The server has answered that call, and so all before it.
    pub(super) fn settle(&mut self, number: u64) {
        self.settled = self.settled.max(number);
    }

    /// Whether the word that ended the connection was the answer to that call: surely, if all before it were answered, and no
    /// other call has been told so.
    pub(super) fn is_cut_off_by(&mut self, number: u64) -> bool {
        let is_first = number > self.broken && self.settled + 1 >= number;
        self.cut_off();
        is_first
    }

    /// The connection has ended: nothing that is on its way will be answered.
    pub(super) fn cut_off(&mut self) {
        self.broken = self.sent;
        self.settled = self.sent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_calls_on_their_way_the_first_is_answered_and_the_others_are_cut_off() {
        let mut replies = Replies::default();
        let [answered, first, second] = [replies.send(), replies.send(), replies.send()];
        replies.settle(answered);
        assert!(replies.is_cut_off_by(first));
        assert!(!replies.is_cut_off_by(second));
        let later = replies.send();
        assert!(replies.is_cut_off_by(later));
    }

    /// One that has timed out may still be answered, by those words too.
    #[test]
    fn behind_one_that_was_not_answered_nobody_can_tell() {
        let mut replies = Replies::default();
        let [_silent, second] = [replies.send(), replies.send()];
        assert!(!replies.is_cut_off_by(second));
        assert!(replies.is_quiet());
    }
}
