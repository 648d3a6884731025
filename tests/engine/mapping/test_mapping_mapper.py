"""Gliding, routes, and the way from one look to the next."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest

from chromesthesia.core.records import Heard
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Number, Param, Value
from chromesthesia.params.routes import Route
from chromesthesia.params.sound import MASTER_BLACKOUT
from chromesthesia.params.tree import ParameterTree

Hear = Callable[..., Heard]
PARAMS = (
    Param("/look/warp", 0.2, "", low=0.0, high=1.0, routable=True),
    Param("/look/glow", 0.0, "", low=0.0, high=1.0, smoothing_s=0.5, routable=True),
    Param("/look/fold", "none", "", choices=("none", "mirror")),
    Param("/look/count", 3, "", low=0, high=9),
    Param("/master/brightness", 1.0, "", low=0.0, high=2.0, room=True),
    Param("/master/freeze", False, "", room=True),
    Param("/master/morph_s", 1.0, "", low=0.0, high=30.0, room=True),
)
LOUD = Route("features/onset", "/look/warp", gain=0.5)
DT_S = 0.01


@pytest.fixture
def tree() -> ParameterTree:
    return ParameterTree(PARAMS)


def warps(mapper: Mapper, tree: ParameterTree, count: int, routes: tuple[Route, ...] = ()) -> list[float]:
    return [float(mapper.step(DT_S, tree.snapshot(), routes, None)["/look/warp"]) for _ in range(count)]


def test_the_first_look_is_what_is_set(tree: ParameterTree) -> None:
    tree.write("/look/glow", 0.75, "test")
    assert dict(Mapper().step(DT_S, tree.snapshot(), (), None)) == dict(tree.snapshot())


def test_a_smoothed_value_follows_with_its_time_constant(tree: ParameterTree) -> None:
    mapper = Mapper()
    mapper.step(DT_S, tree.snapshot(), (), None)
    tree.write("/look/glow", 1.0, "test")
    tree.write("/look/warp", 1.0, "test")
    for _ in range(50):
        look = mapper.step(DT_S, tree.snapshot(), (), None)
    assert look["/look/glow"] == pytest.approx(1 - math.exp(-1), abs=1e-9)
    assert look["/look/warp"] == 1.0


def test_gliding_does_not_depend_on_the_frame_rate(tree: ParameterTree) -> None:
    looks = []
    for count in (10, 50):
        tree.write("/look/glow", 0.0, "test")
        mapper = Mapper()
        mapper.step(DT_S, tree.snapshot(), (), None)
        tree.write("/look/glow", 1.0, "test")
        for _ in range(count):
            look = mapper.step(0.5 / count, tree.snapshot(), (), None)
        looks.append(look["/look/glow"])
    assert looks[0] == pytest.approx(looks[1], abs=1e-9)


@pytest.mark.parametrize(
    ("route", "onset", "expected"),
    [
        (LOUD, 0.0, 0.2),
        (LOUD, 1.0, 0.7),
        (Route("features/onset", "/look/warp", gain=9.0), 1.0, 1.0),
        (Route("features/onset", "/look/warp", gain=-9.0), 1.0, 0.0),
        (Route("features/onset", "/look/warp", gain=1.0, mode="scale"), 1.0, 0.4),
        (Route("features/onset", "/look/warp", gain=-1.0, mode="scale"), 1.0, 0.0),
        (Route("features/onset", "/look/warp", gain=0.4, curve="square"), 0.5, 0.3),
        (Route("features/onset", "/look/warp", gain=0.4, curve="root"), 0.25, 0.4),
        (Route("features/onset", "/look/warp", gain=0.4, curve="smooth"), 0.5, 0.4),
        (Route("features/onset", "/look/warp", gain=0.4, low=0.5, high=1.0), 0.75, 0.4),
        (Route("features/onset", "/look/warp", gain=0.4, low=1.0, high=0.0), 0.75, 0.3),
    ],
)
def test_a_route_bends_scales_and_adds(
    tree: ParameterTree, hear: Hear, route: Route, onset: float, expected: float
) -> None:
    look = Mapper().step(DT_S, tree.snapshot(), (route,), hear(onset_envelope=onset))
    assert look["/look/warp"] == pytest.approx(expected)


def test_routes_to_one_target_scale_first_then_add(tree: ParameterTree, hear: Hear) -> None:
    routes = (LOUD, Route("emotion/activity", "/look/warp", gain=-0.5, mode="scale"), LOUD)
    look = Mapper().step(DT_S, tree.snapshot(), routes, hear(onset_envelope=0.5))
    assert look["/look/warp"] == pytest.approx(0.2 * 0.5 + 0.25 + 0.25)


def test_attack_is_quick_and_release_slow(tree: ParameterTree, hear: Hear) -> None:
    route = (Route("features/onset", "/look/warp", gain=0.5, attack_s=0.01, release_s=1.0),)
    mapper = Mapper()
    mapper.step(DT_S, tree.snapshot(), route, hear())
    risen = mapper.step(DT_S, tree.snapshot(), route, hear(onset_envelope=1.0))["/look/warp"]
    fallen = mapper.step(DT_S, tree.snapshot(), route, hear())["/look/warp"]
    assert risen == pytest.approx(0.2 + 0.5 * (1 - math.exp(-1)))
    assert fallen == pytest.approx(0.2 + (float(risen) - 0.2) * math.exp(-0.01))


def test_a_new_look_is_reached_smoothly_and_choices_change_half_way(tree: ParameterTree) -> None:
    mapper = Mapper()
    mapper.step(DT_S, tree.snapshot(), (), None)
    tree.load_look({"/look/warp": 1.0, "/look/fold": "mirror", "/look/count": 5}, "test")
    looks = [mapper.step(DT_S, tree.snapshot(), (), None) for _ in range(102)]
    path = [float(look["/look/warp"]) for look in looks]
    assert path[0] == pytest.approx(0.2)
    assert path[50] == pytest.approx(0.6, abs=0.02)
    assert path[-1] == 1.0
    assert all(0 <= after - before < 0.02 for before, after in pairwise(path))
    assert [look["/look/fold"] for look in (looks[40], looks[60])] == ["none", "mirror"]
    assert [look["/look/count"] for look in (looks[40], looks[60])] == [3, 5]


def test_routes_cross_fade_with_the_look(tree: ParameterTree, hear: Hear) -> None:
    mapper = Mapper()
    loud = hear(onset_envelope=1.0)
    assert mapper.step(DT_S, tree.snapshot(), (LOUD,), loud)["/look/warp"] == pytest.approx(0.7)
    tree.load_look({"/look/warp": 0.2}, "test")
    path = [float(mapper.step(DT_S, tree.snapshot(), (), loud)["/look/warp"]) for _ in range(102)]
    assert path[0] == pytest.approx(0.7)
    assert path[-1] == pytest.approx(0.2)
    assert all(-0.02 < after - before <= 0 for before, after in pairwise(path))


def test_a_second_look_in_mid_glide_starts_from_what_is_seen(tree: ParameterTree) -> None:
    mapper = Mapper()
    mapper.step(DT_S, tree.snapshot(), (), None)
    tree.load_look({"/look/warp": 1.0, "/look/fold": "mirror"}, "test")
    first = warps(mapper, tree, 30)
    tree.load_look({"/look/warp": 0.0}, "test")
    looks = [mapper.step(DT_S, tree.snapshot(), (), None) for _ in range(102)]
    assert abs(float(looks[0]["/look/warp"]) - first[-1]) < 0.02
    assert looks[-1]["/look/warp"] == 0.0
    assert {look["/look/fold"] for look in looks} == {"none"}


def test_the_hand_on_the_room_acts_at_once_in_mid_glide(tree: ParameterTree) -> None:
    mapper = Mapper()
    mapper.step(DT_S, tree.snapshot(), (), None)
    tree.load_look({"/look/warp": 1.0, "/look/count": 5}, "test")
    warps(mapper, tree, 10)
    tree.write("/master/brightness", 0.5, "test")
    tree.write("/master/freeze", True, "test")
    tree.write("/look/count", 7, "test")
    look = mapper.step(DT_S, tree.snapshot(), (), None)
    assert (look["/master/brightness"], look["/master/freeze"], look["/look/count"]) == (0.5, True, 7)


def test_blackout_takes_the_light_and_gives_back_what_was_set() -> None:
    for params in ((*PARAMS, MASTER_BLACKOUT), PARAMETERS):
        tree = ParameterTree(params)
        mapper = Mapper()
        tree.write("/master/brightness", 1.0, "test")
        mapper.step(DT_S, tree.snapshot(), (), None)
        tree.write("/master/blackout", True, "test")
        for _ in range(300):
            look = mapper.step(DT_S, tree.snapshot(), (), None)
        assert look["/master/brightness"] == pytest.approx(0.0, abs=1e-6)
        assert tree.snapshot()["/master/brightness"] == 1.0, "the fader stays where it is"
        tree.load_look({}, "test")
        tree.write("/master/brightness", 0.5, "test")
        look = mapper.step(DT_S, tree.snapshot(), (), None)
        assert look["/master/brightness"] == pytest.approx(0.0, abs=1e-6)
        tree.write("/master/blackout", False, "test")
        for _ in range(300):
            look = mapper.step(DT_S, tree.snapshot(), (), None)
        assert look["/master/brightness"] == pytest.approx(0.5, abs=1e-6)


def test_a_look_may_bring_its_own_time(tree: ParameterTree) -> None:
    mapper = Mapper()
    warps(mapper, tree, 1)
    tree.load_look({"/look/warp": 1.0}, "test", morph_s=4.0)
    tree.write("/master/brightness", 0.5, "test")
    quarter, half = warps(mapper, tree, 200)[99::100]
    assert half == pytest.approx(0.6, abs=0.01)
    assert 0.2 < quarter < 0.4
    tree.load_look({"/look/warp": 0.0}, "test", morph_s=0.0)
    assert warps(mapper, tree, 1) == [0.0]
    tree.load_look({"/look/warp": 1.0}, "test")
    assert warps(mapper, tree, 50)[-1] == pytest.approx(0.5, abs=0.03), "one second"


def test_no_morph_time_means_at_once(tree: ParameterTree) -> None:
    tree.write("/master/morph_s", 0.0, "test")
    mapper = Mapper()
    mapper.step(DT_S, tree.snapshot(), (), None)
    tree.load_look({"/look/warp": 1.0, "/look/fold": "mirror"}, "test")
    look = mapper.step(DT_S, tree.snapshot(), (), None)
    assert (look["/look/warp"], look["/look/fold"]) == (1.0, "mirror")


def test_the_same_steps_give_the_same_looks(hear: Hear) -> None:
    def play(mapper: Mapper) -> list[dict[str, Value]]:
        tree = ParameterTree(PARAMS)
        looks = []
        for step in range(60):
            if step == 20:
                tree.load_look({"/look/warp": 0.9, "/look/glow": 0.5}, "test")
            heard = hear(onset_envelope=(step % 7) / 7)
            looks.append(dict(mapper.step(DT_S, tree.snapshot(), (LOUD,), heard)))
        return looks

    mapper = Mapper()
    first = play(mapper)
    mapper.reset()
    assert play(mapper) == first == play(Mapper())


@pytest.mark.parametrize("gain", [1e6, -1e6])
@pytest.mark.parametrize("other", [Route("features/onset", "/look/warp", gain=-1.0, mode="scale"), LOUD])
def test_the_strongest_routes_together_stay_finite_and_in_range(
    tree: ParameterTree, hear: Hear, gain: float, other: Route
) -> None:
    strong = tuple(
        Route("features/onset", "/look/warp", gain=gain, attack_s=0.001 * number, mode="scale")
        for number in range(63)
    )
    mapper = Mapper()
    for onset in (0.0, 1.0, 1.0, 0.5):
        warp = mapper.step(DT_S, tree.snapshot(), (*strong, other), hear(onset_envelope=onset))["/look/warp"]
        assert 0.0 <= float(warp) <= 1.0
    tree.load_look({}, "test")
    for _ in range(3):
        warp = mapper.step(DT_S, tree.snapshot(), (), hear(onset_envelope=1.0))["/look/warp"]
        assert 0.0 <= float(warp) <= 1.0


RIPPLES = (Number("/isf/ripples/speed", 0.5, "", low=0.0, high=4.0, smoothing_s=0.5, routable=True),)
SPEEDING = Route("features/onset", "/isf/ripples/speed", gain=2.0)


def test_parameters_that_come_and_go_do_not_disturb_those_that_glide(tree: ParameterTree) -> None:
    undisturbed = ParameterTree(PARAMS)
    mapper, other = Mapper(), Mapper()
    mapper.step(DT_S, tree.snapshot(), (), None)
    other.step(DT_S, undisturbed.snapshot(), (), None)
    for each in (tree, undisturbed):
        each.load_look({"/look/warp": 1.0, "/look/glow": 1.0, "/look/fold": "mirror"}, "test")
    for step in range(120):
        if step == 30:
            tree.add("/isf/ripples", RIPPLES)
        if step == 60:
            tree.remove("/isf/ripples")
        look, expected = (
            each.step(DT_S, values.snapshot(), (), None)
            for each, values in ((mapper, tree), (other, undisturbed))
        )
        assert ("/isf/ripples/speed" in look) == (30 <= step < 60)
        assert {path: look[path] for path in expected} == dict(expected)


def test_a_route_waits_for_its_parameter_to_come_and_to_come_again(tree: ParameterTree, hear: Hear) -> None:
    mapper, loud = Mapper(), hear(onset_envelope=1.0)
    assert "/isf/ripples/speed" not in mapper.step(DT_S, tree.snapshot(), (SPEEDING,), loud)
    for _ in range(2):
        tree.add("/isf/ripples", RIPPLES)
        assert mapper.step(DT_S, tree.snapshot(), (SPEEDING,), loud)["/isf/ripples/speed"] == 2.5
        tree.remove("/isf/ripples")
        assert "/isf/ripples/speed" not in mapper.step(DT_S, tree.snapshot(), (SPEEDING,), loud)
