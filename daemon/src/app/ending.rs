//! How a daemon ends: by itself, or in favour of a successor.

use std::{fs, future::Future, time::Duration};

use tracing::{info, warn};

use super::{LAST_CALL, Running};
use crate::{clock::Clock, live::Following, systemd::watchdog::Watchdog};

/// Added to the drain timeout: connections that are cut at the deadline need a moment to end.
const MARGIN: Duration = Duration::from_secs(2);
/// How long sockets may take to close.
const CLOSING: Duration = Duration::from_secs(5);

impl Running {
    /// Stops accepting, lets requests in flight finish up to the drain timeout, writes the last usage and closes
    /// the store.
    pub async fn stop(self) {
        info!("stopping");
        self.notify.stopping();
        self.health.drain();
        self.groups.doors.stop(self.drain_timeout + MARGIN).await;
        self.groups.admin.stop(MARGIN).await;
        self.remove_admin_socket();
        self.groups.background.stop(LAST_CALL).await;
        info!("stopped");
    }

    /// Leaves the sockets and the store to a successor, says so by `handed_over`, and ends as `stop` does. What is in
    /// flight goes on beside the successor, and its sessions can be ended there.
    pub async fn hand_over(self, handed_over: impl Future<Output = ()>) {
        info!("handing over");
        self.notify.stopping();
        self.groups.succeeded.cancel();
        self.groups.doors.stopping().cancel();
        self.groups.admin.stopping().cancel();
        self.groups.open.close();
        if tokio::time::timeout(CLOSING, self.groups.open.wait()).await.is_err() {
            warn!(sockets = self.groups.open.len(), "sockets did not close in time");
        }
        self.remove_admin_socket();
        self.store.release().await;
        handed_over.await;
        self.follow();
        self.groups.doors.stop(self.drain_timeout + MARGIN).await;
        self.groups.admin.stop(MARGIN).await;
        self.groups.background.stop(LAST_CALL).await;
        info!("stopped");
    }

    /// Heeds what another daemon writes into the store, for as long as one of the two may drain.
    pub(super) fn follow(&self) {
        let following = Following::new(self.live.clone(), self.store(), Clock::System);
        let (span, stop) = (self.drain_timeout + MARGIN, self.groups.background.stopping());
        self.groups.background.spawn("following", following.run(span, stop));
    }

    /// Counts what the last requests of a predecessor cost, until all of it is written.
    pub(super) fn follow_spending(&self) {
        let span = self.drain_timeout + 2 * MARGIN + LAST_CALL;
        let following = self.budgets.following().run(span, self.groups.doors.stopping());
        self.groups.background.spawn("following spending", following);
    }

    /// Tells the service manager every so often that the daemon lives.
    pub fn watch(&self, every: Duration) {
        let watchdog = Watchdog {
            notify: self.notify.clone(),
            socket: self.admin_socket.clone(),
            store: self.store(),
            live: self.live.clone(),
        };
        // It ends with the doors: a daemon that drains answers to nobody.
        self.groups.background.spawn("watchdog", watchdog.run(every, self.groups.doors.stopping()));
    }

    fn remove_admin_socket(&self) {
        if !self.owns_admin_socket {
            return;
        }
        if let Err(error) = fs::remove_file(&self.admin_socket) {
            warn!(socket = %self.admin_socket.display(), %error, "socket not removed");
        }
    }
}
