//! Defaults and dropped fields of the core group, pods above all.
//!
//! Mirrors `pkg/apis/core/v1/defaults.go`, `zz_generated.defaults.go` and, for what is dropped,
//! `pkg/api/pod/util.go`.

use super::{Effective, Id};
use crate::apiserver::gates::Gates;

/// The defaults of the pod template under `template` of a workload's `spec`.
pub fn pod_template(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    let _ = (object, spec, gates);
}

/// `DropDisabledTemplateFields`.
pub fn drop_disabled_template_fields(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    let _ = (object, spec, gates);
}
