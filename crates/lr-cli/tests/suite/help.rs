//! `lr completions`, and what `--help` says.

use crate::common::*;

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let out = lr(&["completions", shell]).yes();
        assert!(out.contains("diff") && out.contains("base-lr"), "{shell}");
    }
    assert_eq!(lr(&["completions", "tcsh"]).code, 2);
}

#[test]
fn help_says_what_the_exit_codes_are() {
    for arguments in [&["--help"][..], &["plot", "--help"], &["diff", "--help"]] {
        let out = lr(arguments).yes();
        assert!(
            out.contains("Exit codes:") && out.contains("  1  no: "),
            "{out}"
        );
    }
    assert_eq!(lr(&["frobnicate"]).code, 2);
    assert!(lr(&["--version"]).yes().starts_with("lr 0."));
}
