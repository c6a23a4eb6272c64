//! What training puts into the names of a network's tensors.

use std::borrow::Cow;

/// Attributes of what PyTorch puts around a module: DataParallel and DDP, `torch.compile`, FSDP, activation
/// checkpoints, Lightning's Fabric.
const WRAPPERS: [&str; 5] = [
    "module",
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
];

/// The name without what was put around modules, wherever it stands: `backbone.module.visual.conv1.weight`
/// is `backbone.visual.conv1.weight`.
pub(crate) fn unwrapped(name: &str) -> Cow<'_, str> {
    let Some((modules, tensor)) = name.rsplit_once('.') else { return name.into() };
    let is_wrapper = |part: &&str| WRAPPERS.contains(part);
    if !modules.split('.').any(|part| is_wrapper(&part)) {
        return name.into();
    }
    let kept = modules.split('.').filter(|part| !is_wrapper(part)).chain([tensor]);
    kept.collect::<Vec<_>>().join(".").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_taken_off_anywhere() {
        for (name, expected) in [
            ("module._orig_mod.a.weight", "a.weight"),
            ("a.module.b._orig_mod.weight", "a.b.weight"),
            ("_fsdp_wrapped_module.a._checkpoint_wrapped_module.weight", "a.weight"),
            ("module", "module"),
            ("a.module", "a.module"),
            ("submodule.a", "submodule.a"),
            ("", ""),
        ] {
            assert_eq!(unwrapped(name), expected);
        }
    }
}
