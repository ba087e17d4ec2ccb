//! Lets the model know what time it is.

use super::model::Model;
pub use crate::clock::now;

/// Ages are drawn in seconds: when one passed, a frame is due.
pub fn advance(model: &mut Model) {
    let now = now();
    model.is_changed |= now.seconds() != model.now.seconds();
    model.now = now;
}
