"""The tiers file, and the bucket's lifecycle as it follows from it: nobody writes lifecycle rules by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from yaml.nodes import Node, SequenceNode

from strongroom.errors import Misconfigured
from strongroom.plain_yaml.document import compose, read
from strongroom.plain_yaml.faults import FileInvalid
from strongroom.plain_yaml.reader import NodeReader, line_of
from strongroom.vault.price_file import read_storage_classes
from strongroom.vault.prices import STANDARD, WATERFALL, PriceTable, StorageClass
from strongroom.vault.profiles import Profile, Transition, break_even_bytes
from strongroom.vault.promise import ClassPromise, ClassTier, PromiseBroken, require_kept

__all__ = ["ClassPromise", "ClassTier", "PromiseBroken", "Tiers", "TiersInvalid", "lifecycle_rules", "load_tiers"]

CLASS_TAG = "retention-class"
ABANDONED_UPLOADS_RULE = "strongroom-abandoned-uploads"
ABANDONED_UPLOAD_DAYS = 7

_MAX_RULES = 1000  # S3 User Guide, "Setting an S3 Lifecycle configuration on a bucket"
_MAX_DAYS = 10_950
_MAX_ACCEPTED_HOURS = 720


class TiersInvalid(FileInvalid):
    """The tiers file is refused."""

    faults_listed_by = "strongroom vault cost"


@dataclass(frozen=True)
class Tiers:
    """A tiers file without faults. `classes` has those that are named in it; all others have the default profile."""

    file: str
    prices: PriceTable
    profiles: Mapping[str, Profile]
    default_profile: Profile
    classes: Mapping[str, ClassTier]

    def of_class(self, name: str) -> ClassTier:
        """How a retention class is kept."""
        return self.classes.get(name) or ClassTier(self.default_profile, None, self.default_profile.line)


def load_tiers(path: Path) -> Tiers:
    """Read and validate the tiers file.

    Raises TiersInvalid with every fault and its line, and Misconfigured when the file can't be read at all.
    """
    root = compose(read(path, "the tiers file", "STRONGROOM_TIERS_FILE"), str(path), TiersInvalid)
    reader = NodeReader()
    fields = reader.fields(
        root,
        "the tiers file",
        required=("default_profile", "profiles", "storage_classes", "genesys_gb_month"),
        optional=("classes",),
    )
    found = read_storage_classes(reader, fields["storage_classes"]) if "storage_classes" in fields else {}
    profiles = _read_profiles(reader, fields["profiles"], found) if "profiles" in fields and found else {}
    default_name = reader.word(fields.get("default_profile"), "'default_profile'", profiles) if profiles else None
    classes = _read_classes(reader, fields["classes"], profiles) if "classes" in fields and profiles else {}
    genesys = reader.amount(fields.get("genesys_gb_month"), "'genesys_gb_month'")
    if reader.faults or default_name is None or genesys is None:
        raise TiersInvalid(str(path), reader.faults)
    storage_classes = {name: found[name] for name in WATERFALL if found.get(name)}
    return Tiers(
        file=str(path),
        prices=PriceTable({name: each for name, each in storage_classes.items() if each}, genesys),
        profiles=profiles,
        default_profile=profiles[default_name],
        classes=classes,
    )


def lifecycle_rules(tiers: Tiers, classes: Mapping[str, ClassPromise]) -> list[dict[str, Any]]:
    """The lifecycle rules that the bucket must have, as S3 takes them, always in the same order.

    For each class one rule, which moves objects of that class that are large enough to become cheaper; a class that
    stays in STANDARD has none. First the rule that clears away uploads a crash left unfinished.

    Raises PromiseBroken when a profile is too slow for a class, and Misconfigured when the file names a class that the
    policy doesn't have, or a profile is dearer for a class than STANDARD at every size.
    """
    _require_known(tiers, classes)
    require_kept(tiers.file, tiers.prices, {name: tiers.of_class(name) for name in classes}, classes)
    rules = [_abandoned_uploads()]
    for name in sorted(classes):
        profile, retained_years = tiers.of_class(name).profile, classes[name].retained_years
        if transitions := profile.within(retained_years):
            least_bytes = movable_bytes(tiers, name, profile, retained_years)
            rules.append(_class_rule(name, transitions, least_bytes))
    if len(rules) > _MAX_RULES:
        raise Misconfigured(
            f"{len(rules)} lifecycle rules, and S3 takes {_MAX_RULES} of a bucket",
            where=tiers.file,
            todo="let fewer retention classes move: give some the profile that stays in STANDARD",
        )
    return rules


def movable_bytes(tiers: Tiers, name: str, profile: Profile, retained_years: int) -> int:
    """The size above which objects of a class move. Raises Misconfigured when it would never pay."""
    least_bytes = break_even_bytes(tiers.prices, profile.within(retained_years), retained_years)
    if least_bytes is None:
        raise Misconfigured(
            f"profile '{profile.name}' costs class '{name}' more than STANDARD whatever an object's size",
            where=f"{tiers.file}, line {profile.line}",
            todo="give the class another profile, or correct the prices",
        )
    return least_bytes


def _abandoned_uploads() -> dict[str, Any]:
    return {
        "ID": ABANDONED_UPLOADS_RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_UPLOAD_DAYS},
    }


def _class_rule(name: str, transitions: tuple[Transition, ...], least_bytes: int) -> dict[str, Any]:
    # the size in the filter also replaces S3's own 128 KB (API reference, TransitionDefaultMinimumObjectSize)
    return {
        "ID": f"strongroom-tier-{name}",
        "Status": "Enabled",
        "Filter": {"And": {"Tags": [{"Key": CLASS_TAG, "Value": name}], "ObjectSizeGreaterThan": least_bytes}},
        "Transitions": [{"Days": each.after_days, "StorageClass": each.storage_class.name} for each in transitions],
    }


def _require_known(tiers: Tiers, classes: Mapping[str, ClassPromise]) -> None:
    for name, tier in tiers.classes.items():
        if name not in classes:
            near = get_close_matches(name, classes, n=1)
            raise Misconfigured(
                f"the retention policy has no class '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""),
                where=f"{tiers.file}, line {tier.line}",
                todo="correct or remove it",
            )


def _read_profiles(
    reader: NodeReader, node: Node, storage_classes: Mapping[str, StorageClass | None]
) -> dict[str, Profile]:
    profiles = {
        name: Profile(name, _read_transitions(reader, value, f"profile '{name}'", storage_classes), line_of(key))
        for key, name, value in reader.entries(node, "'profiles'")
    }
    if not profiles:
        reader.fault(node, "'profiles' is empty")
    return profiles


def _read_transitions(
    reader: NodeReader, node: Node, what: str, storage_classes: Mapping[str, StorageClass | None]
) -> tuple[Transition, ...]:
    if isinstance(node, SequenceNode) and not node.value:
        return ()
    transitions: list[Transition] = []
    day, depth = -1, 0
    for item in reader.items(node, what):
        fields = reader.fields(item, f"{what}: a transition", required=("after_days", "storage_class"))
        after_days = reader.whole_number(
            fields.get("after_days"), f"{what}: 'after_days'", low=0, high=_MAX_DAYS, limit="thirty years"
        )
        name = reader.word(
            fields.get("storage_class"),
            f"{what}: 'storage_class'",
            [each for each in storage_classes if each != STANDARD],
        )
        if after_days is not None and after_days <= day:
            reader.fault(fields["after_days"], f"{what}: 'after_days' {after_days} is not after the transition before")
        if name is not None and WATERFALL.index(name) <= depth:
            reader.fault(
                fields["storage_class"],
                f"{what}: S3 moves objects only down: {', '.join(WATERFALL)}; not to {name} here",
            )
        day = day if after_days is None else after_days
        depth = depth if name is None else WATERFALL.index(name)
        storage_class = storage_classes[name] if name else None
        if after_days is not None and storage_class is not None:
            transitions.append(Transition(after_days, storage_class))
    return tuple(transitions)


def _read_classes(reader: NodeReader, node: Node, profiles: Mapping[str, Profile]) -> dict[str, ClassTier]:
    classes = {}
    for key, name, value in reader.entries(node, "'classes'"):
        what = f"class '{name}'"
        fields = reader.fields(value, what, required=("profile",), optional=("accepts_retrieval_hours",), at=key)
        profile = reader.word(fields.get("profile"), f"{what}: 'profile'", profiles)
        accepted = reader.whole_number(
            fields.get("accepts_retrieval_hours"),
            f"{what}: 'accepts_retrieval_hours'",
            low=1,
            high=_MAX_ACCEPTED_HOURS,
            limit="thirty days",
        )
        if profile is not None:
            classes[name] = ClassTier(profiles[profile], accepted, line_of(key))
    return classes
