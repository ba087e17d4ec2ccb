//! The audit trail is a chain, and who changes the database behind our back is found out.

use super::*;
use crate::{
    domain::audit::{AuditEntry, AuditRecord, Broken, Head},
    store::sha256,
};

impl Bench {
    async fn trail(&self) -> Vec<AuditEntry> {
        self.store.audit(0, 1_000).await.unwrap()
    }

    async fn verified(&self) -> Result<Head, Broken> {
        Head::default().verify(&self.trail().await, sha256)
    }

    /// Changes the database as somebody does who is in a position to.
    fn tamper(&self, sql: &str) {
        let all = format!("DROP TRIGGER IF EXISTS audit_is_append_only; {sql}");
        self.connection().execute_batch(&all).unwrap();
    }
}

/// A trail of six records of every kind of writer.
async fn bench() -> Bench {
    let bench = Bench::new();
    let (ada, token) = bench.signed_in("ada").await;
    bench.refresh(&token, 10).await;
    bench.store.add_audit(AuditRecord::new(origin(11), AuditEvent::Refusal)).await.unwrap();
    bench.end(&ada, EndReason::Revoked, 12).await;
    let record = AuditRecord::new(origin(13), AuditEvent::Grant);
    let record = AuditRecord {
        operator: Some(1000),
        detail: Some("$5.00 until tomorrow".to_owned()),
        reason: Some("release week".to_owned()),
        ..record
    };
    bench.store.add_audit(record).await.unwrap();
    bench.signed_in("grace").await;
    bench
}

#[tokio::test]
async fn whatever_is_audited_is_a_link_of_the_chain() {
    let bench = bench().await;
    let trail = bench.trail().await;
    let head = bench.verified().await.unwrap();
    assert_eq!((head.sequence, head.hash), (6, trail[5].link.hash));
    let (operator, reason) = (trail[4].record.operator, trail[4].record.reason.as_deref());
    assert_eq!((operator, reason), (Some(1000), Some("release week")));
}

#[tokio::test]
async fn a_trail_that_was_tampered_with_is_broken() {
    for (sql, broken) in [
        ("UPDATE audit SET user = 'eve' WHERE sequence = 1", Broken::Changed { sequence: 1 }),
        ("UPDATE audit SET at = at + 1 WHERE sequence = 3", Broken::Changed { sequence: 3 }),
        ("UPDATE audit SET reason = NULL WHERE sequence = 5", Broken::Changed { sequence: 5 }),
        ("DELETE FROM audit WHERE sequence = 4", Broken::Dropped { first: 4, last: 4 }),
        (
            "DELETE FROM audit WHERE sequence = 4; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 4",
            Broken::Changed { sequence: 4 },
        ),
        (
            "UPDATE audit SET sequence = -sequence WHERE sequence IN (2, 3);
             UPDATE audit SET sequence = CASE sequence WHEN -2 THEN 3 WHEN -3 THEN 2 ELSE sequence END",
            Broken::Changed { sequence: 2 },
        ),
    ] {
        let bench = bench().await;
        bench.tamper(sql);
        assert_eq!(bench.verified().await, Err(broken), "{sql}");
    }
}

#[tokio::test]
async fn a_trail_that_lost_its_end_is_short_of_a_head_that_was_written_down() {
    let bench = bench().await;
    let known = bench.verified().await.unwrap();
    bench.tamper("DELETE FROM audit WHERE sequence = 6");
    let (trail, head) = (bench.trail().await, bench.verified().await.unwrap());
    assert_eq!(head.check_known(known, &trail), Err(Broken::Dropped { first: 6, last: 6 }));
    bench.signed_in("eve").await;
    assert_eq!(
        bench.verified().await,
        Err(Broken::Dropped { first: 6, last: 6 }),
        "the next record leaves a gap"
    );
}

/// Makes a database what it was before the chain.
const UNCHAINED: &str = "
    ALTER TABLE audit RENAME TO chained;
    CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, event TEXT NOT NULL,
    request TEXT NOT NULL, address TEXT, user TEXT, session BLOB, code TEXT) STRICT;
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'no'); END;
    INSERT INTO audit SELECT sequence, at, event, request, address, user, session, code FROM chained;
    DROP TABLE chained;
    DROP TABLE user_grant;
    DROP TABLE lock;
    DROP INDEX session_device;
    DROP INDEX session_changed_at;
    DROP INDEX session_ended;
    DROP INDEX usage_late;
    ALTER TABLE usage DROP COLUMN late;
    ALTER TABLE session DROP COLUMN requests;
    ALTER TABLE session DROP COLUMN input;
    ALTER TABLE session DROP COLUMN output;
    ALTER TABLE session DROP COLUMN cache_read;
    ALTER TABLE session DROP COLUMN cache_write;
    ALTER TABLE session DROP COLUMN cache_write_hour;
    ALTER TABLE session DROP COLUMN cost;
    ALTER TABLE session DROP COLUMN used_at;
    ALTER TABLE session DROP COLUMN last_model;
    ALTER TABLE session DROP COLUMN last_client;
    ALTER TABLE session DROP COLUMN changed_at;
    UPDATE meta SET value = '4' WHERE key = 'version'";

#[tokio::test]
async fn records_from_before_the_chain_become_its_first_links() {
    let bench = bench().await;
    let before = bench.trail().await;
    bench.tamper(UNCHAINED);
    let bench = bench.reopened();
    let after = bench.trail().await;
    assert_eq!(bench.verified().await.unwrap().sequence, 6);
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        assert_eq!((&after.record.origin, after.record.event), (&before.record.origin, before.record.event));
    }
    bench.signed_in("ada").await;
    assert_eq!(bench.verified().await.unwrap().sequence, 7);
}
