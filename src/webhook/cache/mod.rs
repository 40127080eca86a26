//! What a cluster holds, as far as reviews look around in it.
//!
//! `kinds` says what is kept and what rules need of it, `prune` drops the rest, `facts` says how an
//! object relates, and `store` finds what relates to another. Pure: objects come as JSON. Not here:
//! how they come, and how old they are (`serve::cluster`).

pub mod facts;
pub mod kinds;
pub mod prune;
pub mod store;
