//! What was done to a trail is found, and where.

use proptest::prelude::*;
use shared::{
    id::{RequestId, SessionId, UserId},
    time::Timestamp,
};

use super::{
    super::{AuditEvent, Origin},
    *,
};

/// FNV-1a over four lanes: a test needs no secure hash, only a good one.
fn digest(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    for (lane, part) in hash.0.chunks_exact_mut(8).enumerate() {
        let start = 0xcbf2_9ce4_8422_2325_u64 ^ lane as u64;
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        part.copy_from_slice(&bytes.iter().fold(start, mix).to_be_bytes());
    }
    hash
}

fn record(number: u64) -> AuditRecord {
    let origin = Origin {
        at: Timestamp::from_seconds(number),
        request: RequestId::new(format!("req_{number}")),
        address: Some([127, 0, 0, 1].into()),
    };
    AuditRecord { user: Some(UserId::new("ada")), ..AuditRecord::new(origin, AuditEvent::SignIn) }
}

fn trail(len: u64) -> Vec<AuditEntry> {
    let mut head = Head::default();
    let mut add = |number| {
        let entry = head.add(record(number), digest);
        head = Head { sequence: entry.sequence, hash: entry.link.hash };
        entry
    };
    (1..=len).map(&mut add).collect()
}

fn verify(entries: &[AuditEntry]) -> Result<Head, Broken> {
    Head::default().verify(entries, digest)
}

/// Puts the hash of a forged record right.
fn reseal(entry: &mut AuditEntry) {
    let before = Head { sequence: entry.sequence - 1, hash: entry.link.previous };
    *entry = before.add(entry.record.clone(), digest);
}

#[test]
fn an_untouched_trail_is_whole_in_one_piece_and_in_many() {
    let entries = trail(9);
    let head = Head { sequence: 9, hash: entries[8].link.hash };
    assert_eq!(verify(&entries), Ok(head));
    assert_eq!(entries.chunks(2).try_fold(Head::default(), |head, page| head.verify(page, digest)), Ok(head));
    assert_eq!(verify(&[]), Ok(Head::default()));
    assert_eq!(
        Head::before(&entries[4]).verify(&entries[4..], digest),
        Ok(head),
        "older records were let go"
    );
}

/// Every way to change one field.
fn forgeries() -> Vec<fn(&mut AuditEntry)> {
    vec![
        |entry| entry.record.origin.at.0 += 1,
        |entry| entry.record.origin.request = RequestId::new("req_x"),
        |entry| entry.record.origin.address = None,
        |entry| entry.record.event = AuditEvent::Logout,
        |entry| entry.record.user = Some(UserId::new("eve")),
        |entry| entry.record.user = None,
        |entry| entry.record.session = Some(SessionId::generate()),
        |entry| entry.record.code = Some(String::new()),
        |entry| entry.record.operator = Some(0),
        |entry| entry.record.detail = Some("x".to_owned()),
        |entry| entry.record.reason = Some("x".to_owned()),
        |entry| entry.link.hash = Hash::default(),
        |entry| entry.link.previous = Hash::default(),
    ]
}

#[test]
fn a_changed_field_is_found_in_its_record() {
    for (number, forge) in forgeries().into_iter().enumerate() {
        let mut entries = trail(9);
        forge(&mut entries[4]);
        assert_eq!(verify(&entries), Err(Broken::Changed { sequence: 5 }), "forgery {number}");
    }
}

#[test]
fn a_changed_record_with_a_new_hash_is_found_by_the_next_one() {
    let mut entries = trail(9);
    entries[4].record.user = Some(UserId::new("eve"));
    reseal(&mut entries[4]);
    assert_eq!(verify(&entries), Err(Broken::Unlinked { sequence: 6 }));
}

#[test]
fn dropped_records_are_named_also_when_the_rest_is_renumbered() {
    let mut entries = trail(9);
    entries.drain(2..5);
    assert_eq!(verify(&entries), Err(Broken::Dropped { first: 3, last: 5 }));
    entries[2].sequence = 3;
    assert_eq!(verify(&entries), Err(Broken::Changed { sequence: 3 }));
    reseal(&mut entries[2]);
    assert_eq!(verify(&entries), Err(Broken::Unlinked { sequence: 3 }));
}

#[test]
fn inserted_and_reordered_records_are_found() {
    let mut inserted = trail(9);
    inserted.insert(4, inserted[3].clone());
    assert_eq!(verify(&inserted), Err(Broken::Misplaced { sequence: 4, after: 4 }));
    let mut inserted = trail(9);
    let forged = Head { sequence: 4, hash: inserted[3].link.hash }.add(record(99), digest);
    inserted.truncate(4);
    inserted.push(forged);
    inserted.extend(
        trail(9).into_iter().skip(4).map(|entry| AuditEntry { sequence: entry.sequence + 1, ..entry }),
    );
    assert_eq!(verify(&inserted), Err(Broken::Changed { sequence: 6 }));
    let mut reordered = trail(9);
    reordered.swap(3, 5);
    assert_eq!(verify(&reordered), Err(Broken::Dropped { first: 4, last: 5 }));
    let mut reordered = trail(9);
    let (a, b) = (reordered[3].record.clone(), reordered[4].record.clone());
    (reordered[3].record, reordered[4].record) = (b, a);
    assert_eq!(verify(&reordered), Err(Broken::Changed { sequence: 4 }));
}

#[test]
fn a_head_that_was_written_down_finds_a_cut_end_and_a_chain_that_was_made_anew() {
    let entries = trail(9);
    let known = verify(&entries).unwrap();
    let cut = &entries[..7];
    let head = verify(cut).unwrap();
    assert_eq!(head.check_known(known, cut), Err(Broken::Dropped { first: 8, last: 9 }));
    let mut anew = Head::default();
    let forged: Vec<_> = (1..=9)
        .map(|number| {
            let entry = anew.add(record(number + u64::from(number == 5)), digest);
            anew = Head { sequence: number, hash: entry.link.hash };
            entry
        })
        .collect();
    let head = verify(&forged).unwrap();
    assert_eq!(head.check_known(known, &forged), Err(Broken::Replaced { sequence: 9 }));
    assert_eq!(known.check_known(known, &entries), Ok(()));
}

#[test]
fn what_is_wrong_is_said_in_words() {
    for (broken, words) in [
        (Broken::Changed { sequence: 5 }, "record 5 was changed"),
        (Broken::Dropped { first: 3, last: 3 }, "record 3 is missing"),
        (Broken::Dropped { first: 3, last: 5 }, "records 3 to 5 are missing"),
        (Broken::Misplaced { sequence: 4, after: 6 }, "record 4 stands after record 6"),
        (Broken::Replaced { sequence: 9 }, "record 9 is not the one that was written down"),
    ] {
        assert_eq!(broken.to_string(), words);
    }
    let head = Head { sequence: 2, hash: Hash([0xab; 32]) };
    assert_eq!(head.to_string(), format!("2:{}", "ab".repeat(32)));
}

proptest! {
    #[test]
    fn no_text_moves_from_one_field_to_another_unseen(texts in prop::array::uniform3("[ab]{0,3}"), at in 0_usize..9) {
        let whole = texts.concat();
        let (first, rest) = whole.split_at(at.min(whole.len()));
        let with = |code: &str, detail: &str, reason: &str| {
            let some = |text: &str| Some(text.to_owned());
            let record = AuditRecord { code: some(code), detail: some(detail), reason: some(reason), ..record(1) };
            encoded(Hash::default(), 1, &record)
        };
        let moved = with(first, rest, "") == with(&texts[0], &texts[1], &texts[2]);
        prop_assert_eq!(moved, [first, rest, ""] == texts.each_ref().map(String::as_str));
    }
}
