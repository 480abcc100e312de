"""``understudy experiment``: planned before it starts, looked at whenever one likes, ended by its verdict."""

from collections.abc import Callable
from typing import Annotated

import typer

from cli.answer import Answer, answering, near
from cli.environment import prepare
from cli.experimenting import experiment_of, mode_of, now, open_means, span_of, spec_of, version_of, write_page

Name = Annotated[str, typer.Argument(metavar="NAME", help="The experiment.")]
Of = Annotated[str | None, typer.Option("--problem", help="The problem; needed where several are deployed.")]
By = Annotated[str | None, typer.Option(help="Who decides; default: the user of this machine.")]

experiment_app = typer.Typer(no_args_is_help=True, help="Find out whether a challenger is better, and be sure of it.")


def plan(
    name: Name,
    challenger: Annotated[list[str], typer.Option(help="Version beside the champion; may be given again.")],
    effect: Annotated[str, typer.Option(help="Smallest gain that matters: a share of today's cost (5%), or a cost.")],
    why: Annotated[str, typer.Option(help="What is to be found out.")],
    weight: Annotated[list[float] | None, typer.Option(help="Percent for each challenger; default: even.")] = None,
    mode: Annotated[str, typer.Option(help="ab or canary (10 % unless --weight says).")] = "ab",
    alpha: Annotated[float, typer.Option(help="Probability of promoting what is not better, over all looks.")] = 0.05,
    power: Annotated[float, typer.Option(help="Probability of promoting what is better by the effect.")] = 0.8,
    looks: Annotated[int, typer.Option(help="How often it will be looked at.")] = 40,
    longest: Annotated[
        str | None, typer.Option(help="Ends it without proof, as in 28d; default: twice its days.")
    ] = None,
    history: Annotated[str, typer.Option(help="Past of the champion that is planned on.")] = "28d",
    covariate: Annotated[str, typer.Option(help="auto, none, or a column that is known beforehand.")] = "auto",
    slow_ms: Annotated[float | None, typer.Option(help="Milliseconds beyond which an answer is slow.")] = None,
    act: Annotated[bool, typer.Option("--act", help="Let the verdict change the deployment by itself.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write it down; without, it is only shown.")] = False,
    problem: Of = None,
    by: By = None,
) -> Answer:
    """Work out the sample and its duration; with --write, write the plan down for good."""
    settings = prepare()
    from monitoring.experiments.plan import digest_of
    from monitoring.experiments.propose import Wish, propose
    from monitoring.experiments.shown import as_planned
    from monitoring.experiments.write import write as write_down
    from understudy.adapters import open_deployment_log, open_ledger, open_registry, open_watch_log

    spec = spec_of(problem, settings)
    numbers = {"alpha": alpha, "power": power, "looks": looks, "weights": weight or ()}
    words = {"name": name, "effect": effect, "covariate": covariate, "act": act, "mode": mode_of(mode)}
    spans = {"longest": span_of(longest, "--longest"), "history": span_of(history, "--history")}
    guard = spec.monitoring.guard.model_copy(update={"slow_ms": slow_ms} if slow_ms else {})
    versions = [version_of(open_registry(settings), text, spec.name) for text in challenger]
    wish = Wish(challengers=versions, guard=guard, **words, **numbers, **spans)  # type: ignore[arg-type]
    planned = propose(wish, spec, open_deployment_log(settings).newest(spec.name), open_ledger(settings))
    value = {"plan": planned.model_dump(mode="json"), "digest": digest_of(planned), "written": write}
    if not write:
        return Answer(value, [*as_planned(planned), "Nothing is written yet: --write does."])
    page = write_page(write_down(planned, open_watch_log(settings), _who(by), why, now()), spec, settings)
    start = f"`understudy experiment start {name} --problem {spec.name}` starts it."
    shown = [*as_planned(planned), f"Written down, SHA-256 {digest_of(planned)[:12]}…: {start}", f"Open {near(page)}."]
    return Answer({**value, "page": str(page)}, shown)


def start(name: Name, problem: Of = None, by: By = None) -> Answer:
    """Deploy the arms as planned."""
    settings = prepare()
    from monitoring.experiments.start import Starting
    from monitoring.experiments.start import start as begin
    from understudy.adapters import open_registry

    spec = spec_of(problem, settings)
    means, registry = open_means(spec, settings), open_registry(settings)
    found = experiment_of(name, spec.name, means)
    version = lambda number: registry.version(spec.name, number)  # noqa: E731
    made = begin(found, Starting(means.watch, means.deployments, means.deployer, version, now), _who(by))
    page = write_page(made, spec, settings)
    shown = [f"{name} runs since revision {made.revision}.", f"`understudy watch --problem {spec.name}` follows it."]
    return Answer({**made.model_dump(mode="json"), "page": str(page)}, shown)


def status(
    name: Name,
    problem: Of = None,
    act: Annotated[
        bool, typer.Option("--act", help="Carry out the verdict as the plan says, if there is one.")
    ] = False,
) -> Answer:
    """Show how it stands. Look as often as you like: that makes nothing less true."""
    settings = prepare()
    from monitoring.experiments.act import follow, look
    from monitoring.experiments.shown import as_ended, as_running

    spec = spec_of(problem, settings)
    means = open_means(spec, settings)
    found = experiment_of(name, spec.name, means)
    if found.state == "planned":
        return Answer(found.model_dump(mode="json"), [f"{name} is planned, and has not started."])
    seen = None
    if found.state == "running":
        found, seen = follow(found, means) if act else look(found, means)
    page = write_page(found, spec, settings)
    shown = as_ended(found) if found.state == "ended" or seen is None else as_running(seen)
    value = {**found.model_dump(mode="json", exclude={"outcome"}), "outcome": found.outcome}
    now = seen.json() if seen else found.outcome.get("last")
    return Answer({**value, "status": now, "page": str(page)}, [*shown, f"Open {near(page)}."])


def stop(
    name: Name, why: Annotated[str, typer.Option(help="The reason, kept with it.")], problem: Of = None, by: By = None
) -> Answer:
    """End it by hand: the challengers are taken out, and there is no verdict."""
    settings = prepare()
    from monitoring.experiments.act import stop as end

    spec = spec_of(problem, settings)
    means = open_means(spec, settings)
    ended = end(experiment_of(name, spec.name, means), means, _who(by), why)
    write_page(ended, spec, settings)
    return Answer(ended.model_dump(mode="json"), [f"{name} is ended. {ended.outcome['done']['what']}"])


def list_(problem: Of = None) -> Answer:
    """List experiments, newest first."""
    settings = prepare()
    from rich.table import Table

    from understudy.adapters import open_watch_log

    spec = spec_of(problem, settings)
    found = open_watch_log(settings).experiments(spec.name)
    table = Table("name", "state", "verdict", "planned (UTC)", "by", "question", box=None, header_style="bold")
    for one in found:
        table.add_row(one.name, one.state, one.verdict, f"{one.planned_at:%Y-%m-%d %H:%M}", one.who, one.why)
    shown = [table] if found else [f"No experiments of {spec.name}: `understudy experiment plan` begins one."]
    return Answer([one.model_dump(mode="json") for one in found], shown)


def _who(given: str | None) -> str:
    from getpass import getuser

    return given or getuser()


COMMANDS: dict[str, Callable[..., Answer]] = {
    "plan": plan, "start": start, "status": status, "stop": stop, "list": list_,
}  # fmt: skip
for called, command in COMMANDS.items():
    experiment_app.command(called)(answering(command))
