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
    StartMirror,
    StopWork,
    VerifyVersion,
    VerifyMirror,
    RollBack,
}

impl Action {
    /// The command of `sallyport` that does the same, for every action that changes or verifies something.
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
            Self::Verify => Some("audit verify"),
            Self::StartMirror => Some("mirror"),
            Self::VerifyVersion | Self::VerifyMirror => Some("mirror verify"),
            Self::RollBack => Some("mirror rollback"),
            _ => None,
        }
    }

    /// Whether something is another afterwards.
    pub fn changes(self) -> bool {
        self.command().is_some() && !matches!(self, Self::Verify | Self::VerifyVersion | Self::VerifyMirror)
    }

    /// Whether it begins a job of the console itself, which does one at a time and asks no daemon.
    pub fn is_job(self) -> bool {
        matches!(self, Self::StartMirror | Self::VerifyVersion | Self::VerifyMirror | Self::RollBack)
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
            Self::Verify | Self::VerifyVersion => "verify",
            Self::VerifyMirror => "verify-all",
            Self::StartMirror => "start",
            Self::StopWork => "stop",
            Self::RollBack => "roll-back",
            _ => return None,
        };
        Some(name)
    }
}
