from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import edgesense
from edgesense.errors import NotMeasured, PipelineError
from edgesense.perf import arms, artifacts, origins, pairs
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.devices.host import Host
from edgesense.perf.records import Baseline, Job, Origin
from edgesense.tiny_pipeline import tiny_pipeline

TEST = "tests/test_it.py::test_it"
HOST = Host()
SLOWER = "\nSLOWER = True\n"


class Project:
    """A project in a repository with one workload and its baseline."""

    def __init__(self, repository: Any, job: Job, scratch: Path) -> None:
        self.repository = repository
        self.job = job
        self.store = DirectoryStore(repository.top / "baselines")
        self._scratch = scratch

    @property
    def record(self) -> Path:
        return self.store.path(TEST, "host")

    @property
    def baseline(self) -> Baseline:
        found = self.store.load(TEST, "host")
        assert found is not None
        return found

    def accept(self) -> Origin:
        """Store a baseline of what is there, as the plugin does; return what it was made of."""
        made = origins.ask(HOST, self.job).origin
        assert made is not None
        artifacts.keep_for(made, self.repository.top, self.store.root)
        self.store.save([Baseline(TEST, "host", {}, {}, {}, origin=made)])
        return made

    def find(self, against: str | None = None, baseline: Baseline | None = None) -> pairs.Arms:
        directory = self._scratch / "arms"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        baseline = baseline or (None if against else self.baseline)
        return arms.find(HOST, self.job, baseline, self.record, directory, against=against)

    def add(self, name: str, text: str) -> None:
        """Add to a file."""
        with (self.repository.top / name).open("a") as file:
            file.write(text)


@pytest.fixture
def factory(repository: Any, write_job: Callable[..., Job], tmp_path: Path) -> Project:
    """Return a project whose workload is a factory of plain Python."""
    job = write_job(repository.top, "", "latency_ms", project=repository.top)
    return Project(repository, job, tmp_path)


@pytest.fixture
def pipeline(repository: Any, tmp_path: Path) -> Project:
    """Return a project whose workload is a pipeline directory that the installed code opens."""
    tiny_pipeline(repository.top / "models" / "x", clips=None)
    return Project(repository, Job("models/x", repository.top, (), project=repository.top), tmp_path)


@pytest.fixture
def vendored(pipeline: Project) -> Project:
    """Return the same with the code that opens it in the project, as it is in this one."""
    shutil.copytree(
        Path(edgesense.__file__).parent,
        pipeline.repository.top / "edgesense",
        ignore=shutil.ignore_patterns("__pycache__", "cli", "training", "optimize", "models", "emulation"),
    )
    pipeline.repository.write(".gitignore", "__pycache__/\n")
    pipeline.job = replace(pipeline.job, home=str(pipeline.repository.top))
    return pipeline


def made(job: Job) -> Origin:
    found = origins.ask(HOST, job).origin
    assert found is not None
    return found


def test_the_code_of_the_commit_that_stored_the_baseline_runs_again(factory: Project) -> None:
    origin = factory.accept()
    commit = factory.repository.commit()
    factory.add("parity.py", SLOWER)
    factory.repository.write("model.bin", b"bigger" * 1000)
    factory.repository.commit()
    factory.add("parity.py", SLOWER)
    found = factory.find()
    assert made(found.baseline) == origin
    assert made(found.candidate).source == made(factory.job).source != origin.source
    assert (found.against, found.uncovered) == (f"commit {commit[:7]}", "")


def test_a_changed_model_of_a_pipeline_is_seen_and_no_code_of_the_project_could_have_changed(
    pipeline: Project,
) -> None:
    origin = pipeline.accept()
    commit = pipeline.repository.commit()
    tiny_pipeline(pipeline.repository.top / "models" / "x", clips=None, padding_bytes=64)
    found = pipeline.find()
    assert origin.source == ""
    assert made(found.baseline).files == origin.files != made(found.candidate).files
    assert (found.against, found.uncovered) == (f"commit {commit[:7]}", "")


def test_a_changed_front_end_of_the_measuring_projects_own_is_seen(vendored: Project) -> None:
    origin = vendored.accept()
    vendored.repository.commit()
    vendored.add("edgesense/features/frames.py", SLOWER)
    found = vendored.find()
    assert made(found.baseline) == origin
    assert made(found.candidate).source != origin.source
    assert found.uncovered == ""


def test_code_too_old_to_run_beside_another_is_not_covered_and_the_model_is(vendored: Project) -> None:
    (vendored.repository.top / "edgesense" / "perf" / "worker" / "session.py").rename(vendored.repository.top / "kept")
    origin = made(replace(vendored.job, home=None))
    vendored.store.save([Baseline(TEST, "host", {}, {}, {}, origin=replace(origin, source="old"))])
    commit = vendored.repository.commit()
    (vendored.repository.top / "kept").rename(vendored.repository.top / "edgesense" / "perf" / "worker" / "session.py")
    found = vendored.find()
    assert found.against == "its stored pipeline"
    assert found.uncovered == f"the measuring code of commit {commit[:7]} is too old to run beside another's"


def test_code_too_old_to_know_delegates_is_not_run_without_the_one_that_is_asked_for(vendored: Project) -> None:
    top = vendored.repository.top
    (top / "edgesense" / "delegation.py").rename(top / "kept")
    commit = vendored.repository.commit()
    (top / "kept").rename(top / "edgesense" / "delegation.py")
    vendored.job = replace(vendored.job, delegate="none")
    with pytest.raises(NotMeasured, match=f"code of {commit[:7]}.* is too old to know delegates, and none is asked"):
        vendored.find(against=commit)


def test_code_committed_with_another_change_is_not_covered_and_the_model_is(vendored: Project, own_cache: Path) -> None:
    origin = vendored.accept()
    vendored.add("edgesense/features/frames.py", SLOWER)
    commit = vendored.repository.commit("squashed")
    tiny_pipeline(vendored.repository.top / "models" / "x", clips=None, padding_bytes=64)
    shutil.rmtree(own_cache / "artifacts")
    found = vendored.find()
    assert made(found.baseline).files == origin.files
    assert found.against == "its stored pipeline"
    assert found.uncovered == f"the code of commit {commit[:7]} is not what the baseline was made with"


def test_a_factory_whose_code_is_not_in_the_commit_is_not_measured(factory: Project) -> None:
    factory.accept()
    factory.add("parity.py", SLOWER)
    factory.repository.commit("squashed")
    why = "^a factory can only be compared with its code of then: the code of commit .{7} is not what the baseline was"
    with pytest.raises(NotMeasured, match=why):
        factory.find()


@pytest.mark.parametrize("state", ["edited", "new"])
def test_a_baseline_that_is_not_committed_is_compared_by_its_files_from_the_cache(
    pipeline: Project, state: str
) -> None:
    if state == "edited":
        pipeline.accept()
        pipeline.repository.commit()
        tiny_pipeline(pipeline.repository.top / "models" / "x", clips=None, seed=3, padding_bytes=8)
    origin = pipeline.accept()
    tiny_pipeline(pipeline.repository.top / "models" / "x", clips=None, padding_bytes=64)
    found = pipeline.find()
    assert made(found.baseline).files == origin.files
    assert (found.against, found.uncovered) == ("its stored pipeline", "")


def test_a_factory_whose_code_has_not_changed_is_compared_without_a_commit(factory: Project) -> None:
    origin = factory.accept()
    factory.repository.write("model.bin", b"bigger" * 1000)
    found = factory.find()
    assert made(found.baseline) == origin
    assert made(found.candidate).files != origin.files
    assert found.uncovered == ""


def test_a_factory_whose_code_has_changed_is_not_measured_without_a_commit(factory: Project) -> None:
    factory.accept()
    factory.add("parity.py", SLOWER)
    with pytest.raises(NotMeasured, match=rf"code of then: {factory.record.name} is not committed as it is now$"):
        factory.find()


def test_without_a_repository_the_files_kept_beside_the_baseline_run(pipeline: Project) -> None:
    shutil.rmtree(pipeline.repository.top / ".git")
    origin = pipeline.accept()
    tiny_pipeline(pipeline.repository.top / "models" / "x", clips=None, padding_bytes=64)
    found = pipeline.find()
    assert made(found.baseline).files == origin.files
    assert (found.against, found.uncovered) == ("its stored pipeline", "")


def test_without_a_repository_changed_code_is_not_covered(factory: Project) -> None:
    shutil.rmtree(factory.repository.top / ".git")
    factory.accept()
    factory.add("parity.py", SLOWER)
    with pytest.raises(NotMeasured, match="code of then: the project is in no git repository"):
        factory.find()


def test_without_git_changed_code_is_not_covered(factory: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    factory.accept()
    factory.repository.commit()
    factory.add("parity.py", SLOWER)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotMeasured, match="code of then: git is not installed"):
        factory.find()


def clone(project: Project, *how: str) -> Project:
    """Return the same project in a clone."""
    place = project.repository.top.parent / "a clone"
    project.repository.git("clone", "--quiet", *how, f"file://{project.repository.top}", str(place))
    top, repository = project.repository.top, copy.copy(project.repository)
    repository.top = place
    paths = tuple(entry.replace(str(top), str(place)) for entry in project.job.sys_path)
    return Project(repository, replace(project.job, root=place, project=place, sys_path=paths), place.parent)


def test_a_shallow_clone_does_not_cover_code_and_says_how_to_fetch_it(factory: Project) -> None:
    factory.accept()
    factory.repository.commit()
    factory.add("parity.py", SLOWER)
    factory.repository.commit()
    why = "code of then: the clone is shallow and ends at .{7}: .*fetch-depth: 0"
    with pytest.raises(NotMeasured, match=why):
        clone(factory, "--depth=1").find()


def test_a_shallow_clone_without_the_old_model_says_both(pipeline: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.accept()
    pipeline.repository.commit()
    tiny_pipeline(pipeline.repository.top / "models" / "x", clips=None, padding_bytes=64)
    pipeline.repository.commit()
    monkeypatch.setenv("EDGESENSE_CACHE", str(pipeline.repository.top.parent / "another cache"))
    with pytest.raises(
        NotMeasured, match=r"^models/x/model\.tflite is nowhere as the baseline had it \(the clone is sh"
    ):
        clone(pipeline, "--depth=1").find()


def test_a_shallow_clone_that_holds_the_commit_covers_code(factory: Project) -> None:
    factory.repository.commit()
    origin = factory.accept()
    factory.repository.commit()
    factory.add("parity.py", SLOWER)
    factory.repository.commit()
    found = clone(factory, "--depth=3").find()
    assert made(found.baseline) == origin
    assert found.uncovered == ""


def test_a_worktree_is_a_repository(factory: Project, tmp_path: Path) -> None:
    origin = factory.accept()
    commit = factory.repository.commit()
    place = tmp_path / "a worktree"
    factory.repository.git("worktree", "add", "--quiet", "--detach", str(place))
    factory.repository.top = place
    factory.job = replace(factory.job, root=place, project=place, sys_path=(str(place),))
    factory.store = DirectoryStore(place / "baselines")
    factory.add("parity.py", SLOWER)
    found = factory.find()
    assert made(found.baseline) == origin
    assert found.against == f"commit {commit[:7]}"


def test_code_that_is_found_by_its_path_in_the_working_tree_is_not_covered(factory: Project, tmp_path: Path) -> None:
    top = factory.repository.top
    (top / "src").mkdir()
    (top / "parity.py").rename(top / "src" / "parity.py")
    (top / "model.bin").rename(top / "src" / "model.bin")
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "hooked.py").write_text(f"import sys\nsys.path.insert(0, {str(top / 'src')!r})\nfrom parity import make\n")
    factory.job = replace(factory.job, workload="hooked:make", sys_path=(str(hook), *factory.job.sys_path))
    factory.accept()
    factory.repository.commit()
    factory.add("src/parity.py", SLOWER)
    why = "its code is not imported from the files of commit .{7} .installed, or found by an import hook"
    with pytest.raises(NotMeasured, match=why):
        factory.find()
    found = factory.find(against="HEAD")
    assert found.uncovered == "some of its code is imported from the working tree, not from HEAD"


@pytest.fixture
def installed(factory: Project, tmp_path: Path) -> Project:
    """Return the project with its code below src, and installed as `pip install .` does it: a copy."""
    top, site = factory.repository.top, tmp_path / "venv" / "site-packages"
    (top / "src").mkdir()
    for name in ("parity.py", "model.bin"):
        (top / name).rename(top / "src" / name)
    shutil.copytree(top / "src", site)
    factory.job = replace(factory.job, sys_path=(str(site), *factory.job.sys_path))
    return factory


COPIED = "parity is imported from an installed copy, which is today's in both arms: pip install --editable ."


def test_an_installed_copy_of_the_projects_code_is_never_compared_with_itself(installed: Project) -> None:
    installed.accept()
    installed.repository.commit()
    for place in (installed.repository.top / "src", Path(installed.job.sys_path[0])):
        with (place / "parity.py").open("a") as file:
            file.write(SLOWER)
    with pytest.raises(NotMeasured, match=f"a factory can only be compared with its code of then: {COPIED}"):
        installed.find()
    with pytest.raises(NotMeasured, match=f"a factory can only be compared with its code of HEAD: {COPIED}"):
        installed.find(against="HEAD")


def test_a_pipeline_beside_an_installed_copy_of_the_code_that_opens_it_is_not_covered(
    vendored: Project, tmp_path: Path
) -> None:
    site = tmp_path / "venv" / "site-packages"
    shutil.copytree(vendored.repository.top / "edgesense", site / "edgesense")
    vendored.job = replace(vendored.job, home=str(site))
    vendored.accept()
    vendored.repository.commit()
    found = vendored.find()
    assert found.uncovered == COPIED.replace("parity", "edgesense")
    assert vendored.find(against="HEAD").uncovered == found.uncovered


def test_an_ignored_model_is_taken_from_beside_the_baseline(factory: Project, own_cache: Path) -> None:
    factory.repository.write(".gitignore", "model.bin\n__pycache__/\n")
    origin = factory.accept()
    factory.repository.commit()
    factory.repository.write("model.bin", b"bigger" * 1000)
    factory.add("parity.py", SLOWER)
    assert not (own_cache / "artifacts").exists()
    found = factory.find()
    assert made(found.baseline) == origin
    assert found.uncovered == ""
    assert not list((own_cache / "trees").glob("*/model.bin"))


def test_a_model_that_was_pruned_since_is_taken_from_beside_the_baselines_of_the_commit(
    factory: Project, own_cache: Path
) -> None:
    factory.repository.write(".gitignore", "model.bin\n__pycache__/\n")
    origin = factory.accept()
    factory.repository.commit()
    factory.repository.git("tag", "v1")
    factory.repository.write("model.bin", b"bigger" * 1000)
    factory.accept()
    artifacts.beside(factory.store.root).prune(artifacts.named([factory.baseline]))
    factory.repository.commit()
    shutil.rmtree(own_cache / "artifacts", ignore_errors=True)
    assert made(factory.find(against="v1").baseline).files == origin.files


def test_code_that_git_ignores_is_not_covered(factory: Project) -> None:
    factory.repository.write(".gitignore", "generated.py\n")
    factory.repository.write("generated.py", "x = 1\n")
    factory.add("parity.py", "\nimport generated\n")
    factory.accept()
    factory.repository.commit()
    factory.add("parity.py", SLOWER)
    why = "code of then: its code of commit .{7} does not run: .*No module named 'generated'"
    with pytest.raises(NotMeasured, match=why):
        factory.find()


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 2048\n"


def lfs(factory: Project) -> tuple[Origin, Path]:
    """Commit a factory's model as git-lfs does; return what the baseline was made of, and where LFS keeps the model."""
    origin = made(factory.job)
    sha256 = origin.files["model.bin"]
    factory.store.save([Baseline(TEST, "host", {}, {}, {}, origin=origin)])
    factory.repository.write("model.bin", POINTER.format(sha256))
    factory.repository.commit()
    factory.repository.git("tag", "v1")
    factory.repository.write("model.bin", b"bigger" * 1000)
    factory.add("parity.py", SLOWER)
    return origin, Path(f".git/lfs/objects/{sha256[:2]}/{sha256[2:4]}/{sha256}")


@pytest.mark.parametrize("against", [None, "v1"])
def test_what_an_lfs_pointer_stands_for_is_taken_from_what_lfs_downloaded(
    factory: Project, against: str | None
) -> None:
    origin, place = lfs(factory)
    factory.repository.write(str(place), bytes(2048))
    assert made(factory.find(against).baseline) == origin


@pytest.mark.parametrize("against", [None, "v1"])
def test_an_lfs_pointer_to_what_is_not_here_is_the_reason(factory: Project, against: str | None) -> None:
    lfs(factory)
    with pytest.raises(NotMeasured, match=r"^model\.bin is an LFS pointer there, and what it stands for is not here"):
        factory.find(against)


def test_an_lfs_pointer_of_a_pipeline_without_a_baseline_is_followed(pipeline: Project) -> None:
    model = pipeline.repository.top / "models" / "x" / "model.tflite"
    content, sha256 = model.read_bytes(), made(pipeline.job).files["models/x/model.tflite"]
    model.write_text(POINTER.format(sha256))
    commit = pipeline.repository.commit()
    tiny_pipeline(model.parent, clips=None, padding_bytes=64)
    pipeline.repository.write(f".git/lfs/objects/{sha256[:2]}/{sha256[2:4]}/{sha256}", content)
    found = pipeline.find(against=commit)
    assert made(found.baseline).files["models/x/model.tflite"] == sha256
    assert found.against == f"commit {commit[:7]}"


def test_a_tag_is_compared_with_its_own_code_without_a_baseline(factory: Project) -> None:
    factory.repository.commit()
    before = made(factory.job)
    factory.repository.git("tag", "v1")
    factory.add("parity.py", SLOWER)
    commit = factory.repository.git("rev-parse", "v1")
    found = factory.find(against="v1")
    assert made(found.baseline) == before
    assert (found.against, found.uncovered) == (f"v1 ({commit[:7]})", "")


def test_a_commit_without_the_pipeline_is_not_measured(pipeline: Project) -> None:
    (pipeline.repository.top / "models").rename(pipeline.repository.top.parent / "models")
    pipeline.repository.commit()
    pipeline.repository.git("tag", "v1")
    (pipeline.repository.top.parent / "models").rename(pipeline.repository.top / "models")
    with pytest.raises(NotMeasured, match=r"^v1 has no models/x$"):
        pipeline.find(against="v1")


def test_an_unknown_commit_is_not_measured(factory: Project) -> None:
    factory.repository.commit()
    with pytest.raises(NotMeasured, match=r"^git knows no commit 'v9' here"):
        factory.find(against="v9")


def test_a_commit_whose_pipeline_does_not_run_is_not_measured(factory: Project) -> None:
    code = (factory.repository.top / "parity.py").read_text()
    factory.repository.write("parity.py", "import what_was_installed_then")
    factory.repository.commit()
    factory.repository.write("parity.py", code)
    with pytest.raises(NotMeasured, match=r"^the pipeline of HEAD does not run any more: .*what_was_installed_then"):
        factory.find(against="HEAD")


def test_what_the_candidate_refuses_is_its_own_error(factory: Project) -> None:
    factory.repository.write("parity.py", "import never_there")
    factory.repository.commit()
    with pytest.raises(PipelineError, match="never_there"):
        factory.find(against="HEAD")


def test_a_pipeline_outside_of_the_project_is_not_measured(pipeline: Project, tmp_path: Path) -> None:
    tiny_pipeline(tmp_path / "elsewhere", clips=None)
    pipeline.job = replace(pipeline.job, workload=str(tmp_path / "elsewhere"))
    pipeline.accept()
    pipeline.repository.commit()
    with pytest.raises(NotMeasured, match="elsewhere lies outside of the project"):
        pipeline.find()
    with pytest.raises(NotMeasured, match="elsewhere lies outside of the project, and so outside of HEAD"):
        pipeline.find(against="HEAD")


def test_a_baseline_of_an_earlier_release_names_no_pipeline(factory: Project) -> None:
    with pytest.raises(NotMeasured, match=r"^the baseline names no pipeline, .* store it anew"):
        factory.find(baseline=Baseline(TEST, "host", {}, {}, {}))


@pytest.mark.parametrize(("cores", "threads"), [(2, 2), (2, 3)])
def test_as_many_threads_as_cores_are_refused(
    factory: Project, monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    factory.job = replace(factory.job, threads=threads)
    with pytest.raises(NotMeasured, match=f"blind with as many threads as cores: {threads} threads, {cores} cores$"):
        factory.find(against="HEAD")


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (3, 2)])
def test_one_thread_and_fewer_than_cores_are_not_refused(
    factory: Project, monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    factory.repository.commit()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    factory.job = replace(factory.job, threads=threads)
    assert factory.find(against="HEAD").baseline.threads == threads


LENGTHS = """
import copy
import os
import sys

Workload.subject = lambda self: {
    "arguments": [len(one) for one in sys.orig_argv],
    "environment": {name: len(value) for name, value in os.environ.items()},
    "path": [len(one) for one in sys.path],
    "file": len(__file__),
    "artifacts": [len(str(path)) for path in self.artifacts()],
}
"""


def test_arguments_environment_and_paths_of_both_arms_are_equally_long(factory: Project) -> None:
    factory.add("parity.py", LENGTHS)
    factory.accept()
    factory.repository.commit()
    factory.add("parity.py", SLOWER)
    factory.job = replace(factory.job, home=str(Path(edgesense.__file__).parent.parent))
    found = factory.find()
    said = []
    for arm in (found.baseline, found.candidate):
        with HOST.session(arm, {"series": ["calls"]}) as session:
            session.opened()
            said.append(session.do("end")["subject"])
    assert said[0] == said[1]
    assert said[0]["file"] == len(str(found.baseline.root / "parity.py"))
    assert said[0]["environment"]["PYTHONPATH"] > 0
