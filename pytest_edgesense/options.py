"""The options and ini keys of the plugin; `settings` reads what was given to them."""

from __future__ import annotations

import pytest

from pytest_edgesense.settings import GITHUB, OLD_PROFILES, PROFILES, RUNTIMES, UPDATES


def add(parser: pytest.Parser) -> None:
    """Add the options and the ini keys; every default is None, so that the ini file is asked."""
    group = parser.getgroup("edgesense", "budgets for small devices (pytest-edgesense)")
    add_option = group.addoption
    add_option(
        "--edge-device",
        action="append",
        metavar="NAME",
        help="device to judge on; repeatable; default host, this computer (ini: edge_device)",
    )
    strict = {"dest": "edge_strict", "default": None}
    add_option(
        "--edge-strict",
        action="store_true",
        **strict,
        help="fail what is inconclusive or has no baseline, too; on by itself when CI is set and the project has "
        "baselines (ini: edge_strict)",
    )
    add_option("--no-edge-strict", action="store_false", **strict, help="let both pass")
    add_option("--edge-runtime", choices=RUNTIMES, help="runtime of the models; default: the first one installed")
    add_option(
        "--edge-delegate",
        metavar="NAME[:KEY=VALUE,...]",
        help="delegate of the models: xnnpack, none, nnapi, gpu or a library's path; with the option `required` "
        "nothing may fall back (ini: edge_delegate)",
    )
    add_option(
        "--update-baselines",
        action="store_true",
        default=None,
        help="store what was measured by the tests that meet their budgets, regressions accepted",
    )
    add_option(
        "--edge-update",
        choices=UPDATES[1:],
        help="store only what has no baseline yet (new), or also what is over its budget (all); implies "
        "--update-baselines",
    )
    add_option("--edge-update-in-ci", action="store_true", default=None, help="allow storing although CI is set")
    add_option("--edge-baselines", metavar="DIR", help="where baselines are kept; default ROOTDIR/baselines")
    add_option(
        "--edge-profile",
        choices=(*PROFILES, *OLD_PROFILES),
        metavar="{" + ",".join(PROFILES) + "}",
        help="explain a missed budget by later runs (on-fail, the default), every budget, or none",
    )
    add_option(
        "--edge-against",
        metavar="REF",
        help="compare with the baselines and the code of a commit, tag or branch, not those here (ini: edge_against)",
    )
    add_option("--edge-json", metavar="FILE", help="write all results there, as JSON: --edge-export=json:FILE")
    add_option(
        "--edge-export",
        action="append",
        metavar="FORMAT:FILE",
        help="write all results in a form that another program reads; repeatable; `edgesense report formats` lists the "
        "forms (ini: edge_export)",
    )
    add_option(
        "--edge-report",
        metavar="DIR",
        help="write a page about all results there: DIR/index.html, with its data in DIR/run.json (ini: edge_report)",
    )
    add_option(
        "--edge-explain",
        action="store_true",
        default=None,
        help="say what would be measured, how, and what it cost last time; run nothing",
    )
    add_option(
        "--edge-github",
        choices=GITHUB,
        help="in GitHub Actions, write a step summary and remarks at the tests' lines (auto, the default), or not "
        "(ini: edge_github)",
    )
    add_option("--edge-list", metavar="FILE", help="list the tests that have a budget there, as JSON")
    for name, kind, text in (
        ("edge_device", "args", "devices to judge on, as --edge-device"),
        ("edge_strict", "bool", "as --edge-strict"),
        ("edge_runtime", "string", "as --edge-runtime: litert or tflite"),
        ("edge_delegate", "string", "as --edge-delegate"),
        (
            "edge_pipeline",
            "string",
            "pipeline of tests that name none: a directory, .tflite file or module:factory",
        ),
        ("edge_update", "string", "what --update-baselines stores: met, new or all"),
        ("edge_update_in_ci", "bool", "as --edge-update-in-ci"),
        ("edge_baselines", "string", "as --edge-baselines, from ROOTDIR"),
        ("edge_profile", "string", "as --edge-profile: on-fail, always or never"),
        ("edge_regression", "string", "allowed changes from baselines, as in latency:3%,instructions:0.5%,acc:0.5pp"),
        ("edge_against", "string", "as --edge-against"),
        ("edge_export", "args", "as --edge-export, files from ROOTDIR"),
        ("edge_report", "string", "as --edge-report, from ROOTDIR"),
        ("edge_github", "string", "as --edge-github: auto or off"),
        ("edge_timeout", "string", "seconds after which a silent measurement is ended; default 600"),
    ):
        parser.addini(name, text, type=kind, default=None)  # type: ignore[arg-type]
