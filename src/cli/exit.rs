//! Exit codes; the highest that applies.

/// Nothing at or above `--fail-on`.
pub const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// Something that should have been judged couldn't be read, or a folder held no object.
pub const UNREAD: u8 = 2;
/// Usage, config, a path that doesn't exist, or an internal fault.
pub const TROUBLE: u8 = 3;
