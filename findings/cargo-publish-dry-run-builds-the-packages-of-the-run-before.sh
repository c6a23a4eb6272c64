#!/usr/bin/env bash
# `cargo publish --workspace --dry-run` checks that every package builds from what would be published of it, with the packages of the workspace in
# a registry of its own. It unpacks them where Cargo keeps the sources of registries, under a name made from the place of that registry, and takes
# an unpacked package of the same version for unchanged. So the second dry run in a folder builds each package against the others as they
# were in the first, and a change across two packages that builds fails there. A new version, another folder, or deleting
# ~/.cargo/registry/src/-* and what was built of it helps.
#
# The script makes two packages, one of which calls the other, runs it, renames the function in both, and runs it again.
#
# Seen with cargo 1.95.0 (f2d3ce0bd 2026-03-21).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo --version
config=${CARGO_HOME:-$HOME/.cargo}/config.toml
export CARGO_HOME=$work/home CARGO_TARGET_DIR=$work/target
mkdir "$CARGO_HOME"
if [ -f "$config" ]; then cp "$config" "$CARGO_HOME"; fi
mkdir "$work/workspace"
cd "$work/workspace"
printf '[workspace]\nresolver = "3"\nmembers = ["dry-run-callee", "dry-run-caller"]\n' >Cargo.toml
for package in dry-run-callee dry-run-caller; do
    mkdir -p $package/src
    printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\nlicense = "MIT"\ndescription = "x"\n' $package >$package/Cargo.toml
done
printf '[dependencies]\ndry-run-callee = { path = "../dry-run-callee", version = "0.1.0" }\n' >>dry-run-caller/Cargo.toml
name() {
    echo "pub fn $1() {}" >dry-run-callee/src/lib.rs
    echo "pub fn call() { dry_run_callee::$1() }" >dry-run-caller/src/lib.rs
}
dry_run() { cargo publish --quiet --workspace --dry-run --allow-dirty; }
name first
dry_run 2>/dev/null
echo "first dry run: passed"
name second
cargo build --quiet
echo "after the change: builds"
if dry_run 2>seen; then
    echo "second dry run: passed"
    exit 1
fi
grep -m 1 'cannot find function `second`' seen
echo "second dry run: failed"
