//! Near misses: the workloads that a selector probably meant.

use std::cmp::Reverse;

use super::{Member, Nearness, Project, Role};
use crate::object::selector::{Requirement, Selector, Tri};

/// How many are named.
const NAMED: usize = 3;

/// How many workloads before and after are looked at: enough for any bundle written by hand, and
/// a bound for the others, where many selectors could miss many workloads.
const WINDOW: usize = 256;

impl<'t> Project<'t> {
    /// Workloads close to `from` that a selector nearly selects: those that meet most of it and
    /// have other values for some of its keys, or that meet all of it in another namespace. At
    /// most three, the closest first.
    pub fn near_misses(&self, from: &Member<'t>, selector: &Selector<'t>) -> Vec<&Member<'t>> {
        let mut near: Vec<_> = self
            .around(from)
            .filter(|m| m.role == Role::Whole)
            .filter_map(|m| Some((self.rank(from, m, selector)?, m)))
            .collect();
        near.sort_by_key(|(rank, _)| *rank);
        let most = near.iter().map(|((_, Reverse(met)), _)| *met).max();
        near.retain(|((_, Reverse(met)), _)| Some(*met) == most);
        near.into_iter().map(|(_, m)| m).take(NAMED).collect()
    }

    fn rank(
        &self,
        from: &Member<'t>,
        member: &Member<'t>,
        selector: &Selector<'t>,
    ) -> Option<(Nearness, Reverse<usize>)> {
        let nearness = self.nearness(from, member);
        if nearness == Nearness::Elsewhere {
            return None;
        }
        let has = |r: &&Requirement<'_>| member.pod_labels.get(r.key).is_some();
        let meets = |r: &&Requirement<'_>| r.holds(&member.pod_labels) == Tri::Yes;
        let met = selector.requirements.iter().filter(meets).count();
        let meant = match self.same_namespace(&from.object, &member.object) {
            Tri::Yes => selector.requirements.iter().any(|r| has(&r)),
            Tri::No => met == selector.requirements.len(),
            Tri::Unknown => false,
        };
        meant.then_some((nearness, Reverse(met)))
    }

    /// The workloads that stand around a member, in order.
    fn around(&self, from: &Member<'t>) -> impl Iterator<Item = &Member<'t>> {
        let members = &self.members;
        let is_before = |i: &u32| {
            let member = members.get(*i as usize);
            member.is_some_and(|m| m.spot() < from.spot())
        };
        let here = self.workloads.partition_point(is_before);
        let window = self.workloads.iter().skip(here.saturating_sub(WINDOW));
        window
            .take(2 * WINDOW)
            .filter_map(|&i| members.get(i as usize))
    }
}
