//! `kubevet webhook doctor`: `lint` with the rules about webhooks alone.

use std::io::{self, Write};

use super::args::{FailOn, WebhookArgs, WebhookVerb};
use super::{exit, lint};
use crate::finding::Family;

/// Runs the verb. Returns the exit code.
///
/// # Errors
/// Those of `lint`.
pub fn webhook(args: &WebhookArgs) -> Result<u8, String> {
    let WebhookVerb::Doctor(args) = &args.verb;
    let mut args = args.clone();
    args.fail_on.get_or_insert(FailOn::Warning);
    if args.select.is_empty() {
        args.select.push(Family::Webhook.name().to_owned());
    }
    let linted = lint::linted(&args)?;
    // No finding must not be taken for a clean bill of health.
    if linted.code == exit::CLEAN && linted.webhooks == 0 && !args.write_baseline {
        let _ = writeln!(
            io::stderr(),
            "kubevet: no webhook configuration is in sight"
        );
        return Ok(exit::UNREAD);
    }
    Ok(linted.code)
}
