use proptest::prelude::*;

use super::*;

fn read(pieces: impl IntoIterator<Item = Bytes>) -> Result<Vec<Frame>, FrameError> {
    let mut frames = Frames::default();
    let mut all = Vec::new();
    for piece in pieces {
        frames.push(piece);
        while let Some(frame) = frames.next_frame() {
            all.push(frame?);
        }
    }
    assert!(!frames.is_midway());
    Ok(all)
}

#[test]
fn frames_are_written_as_the_format_shows_them() {
    let empty = b"\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff";
    assert_eq!(encode(&[], b""), &empty[..]);
    let payload = b"\x00\x00\x00\x1d\x00\x00\x00\x00\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36";
    assert_eq!(encode(&[], b"{'foo':'bar'}"), &payload[..]);
}

#[test]
fn headers_are_found_among_other_kinds() {
    let headers = b"\x01a\x00\x01b\x05\0\0\0\0\0\0\0\x01\x01c\x06\0\x02xy\x0d:message-type\x07\0\x05event";
    assert_eq!(Headers(headers).count(), 4);
    assert_eq!(Headers(headers).last(), Some((&b":message-type"[..], Some(&b"event"[..]))));
}

#[test]
fn a_frame_within_one_piece_is_not_copied() {
    let piece = [encode(&[("a", "b")], b"one"), encode(&[], b"two")].concat();
    let piece = Bytes::from(piece);
    let frames = read([piece.clone()]).unwrap();
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].bytes().as_ptr(), piece.as_ptr());
    assert_eq!((frames[0].header("a"), frames[0].payload()), (Some("b"), &b"one"[..]));
}

#[test]
fn a_frame_that_is_too_large_is_refused_at_its_prelude() {
    let mut prelude = BytesMut::new();
    prelude.put_u32(0x7fff_ffff);
    prelude.put_u32(0);
    prelude.put_u32(crc32fast::hash(&prelude));
    assert_eq!(read([prelude.freeze()]), Err(FrameError::TooLarge(0x7fff_ffff)));
}

#[test]
fn after_an_error_nothing_is_read() {
    let mut frames = Frames::default();
    frames.push(Bytes::from_static(&[0; 32]));
    assert_eq!(frames.next_frame(), Some(Err(FrameError::Checksum)));
    frames.push(encode(&[], b"fine"));
    assert_eq!(frames.next_frame(), Some(Err(FrameError::Checksum)));
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let frames: Vec<_> = payloads.iter().map(|payload| encode(&[("k", "v")], payload)).collect();
        let stream = Bytes::from(frames.concat());
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| stream.slice(cut[0]..cut[1]));
        let read = read(pieces).unwrap();
        prop_assert_eq!(read.iter().map(|frame| frame.bytes().clone()).collect::<Vec<_>>(), frames);
        prop_assert!(read.iter().zip(&payloads).all(|(frame, payload)| frame.payload() == &payload[..]));
    }

    #[test]
    fn any_flipped_bit_is_noticed(payload in prop::collection::vec(any::<u8>(), 0..100), bit in any::<prop::sample::Index>()) {
        let mut frame = encode(&[("k", "v")], &payload).to_vec();
        let bit = bit.index(frame.len() * 8);
        frame[bit / 8] ^= 1 << (bit % 8);
        let mut frames = Frames::default();
        frames.push(Bytes::from(frame));
        prop_assert!(!matches!(frames.next_frame(), Some(Ok(_))));
    }
}
