//! What a key or a typed command can do. Whatever changes something on the daemon has a command line that does the same.

/// One thing that an operator can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Quit,
    Suspend,
    Redraw,
    Help,
    Command,
    Filter,
    Back,
    Accept,
    Complete,
    NextField,
    PreviousField,
    NextScreen,
    PreviousScreen,
    /// A screen, by its place in the table.
    Show(usize),
    Refresh,
    Open,
    Mark,
    MarkAll,
    SortNext,
    SortPrevious,
    SortReverse,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    ShowEnded,
    Revoke,
    Lock,
    Unlock,
    RevokeUser,
    LockUser,
    UnlockUser,
    RevokeDevice,
    Grant,
    EndGrant,
    Reload,
    SumBy,
    TimeRange,
    OneEvent,
    Older,
    Verify,
}

impl Action {
    /// The command of `sallyport` that does the same, for every action that changes something.
    pub fn command(self) -> Option<&'static str> {
        match self {
            Self::Revoke => Some("sessions revoke"),
            Self::Lock => Some("sessions lock"),
            Self::Unlock => Some("sessions unlock"),
            Self::RevokeUser => Some("users revoke"),
            Self::LockUser => Some("users lock"),
            Self::UnlockUser => Some("users unlock"),
            Self::RevokeDevice => Some("devices revoke"),
            Self::Grant => Some("grants add"),
            Self::EndGrant => Some("grants end"),
            Self::Reload => Some("reload"),
            _ => None,
        }
    }

    /// What it is called after `:`.
    pub fn name(self) -> Option<&'static str> {
        let name = match self {
            Self::Quit => "quit",
            Self::Help => "help",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::RevokeUser => "revoke-user",
            Self::LockUser => "lock-user",
            Self::UnlockUser => "unlock-user",
            Self::RevokeDevice => "revoke-device",
            Self::ShowEnded => "ended",
            Self::Grant => "grant",
            Self::EndGrant => "end-grant",
            Self::Reload => "reload",
            Self::MarkAll => "mark-all",
            Self::SumBy => "sum-by",
            Self::TimeRange => "time-range",
            Self::OneEvent => "one-event",
            Self::Older => "older",
            Self::Verify => "verify",
            _ => return None,
        };
        Some(name)
    }
}
