# SPDX-License-Identifier: Apache-2.0
"""What a column is about, by a sample of its values. No value leaves this module: a finding tells only how many fit."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from typing import NamedTuple

from headwater.recognition import kinds
from headwater.recognition.kinds import Finding, Kind

FEW = 5
"""Fewer distinct values than this say nothing of a form."""
SHARE = 0.8
"""The share of the distinct values that must fit."""

MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}")
CARD = re.compile(r"[3-6]\d{3}([ -]?)\d{4}(\1\d{1,4}){1,3}")
PHONE = re.compile(r"(\+|00)[\d ().\-/]{7,}|\(?\d{2,5}\)?[ .\-/][\d ().\-/]{5,}")
DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}\b.*|\d{1,2}[-./]\d{1,2}[-./](\d\d){1,2}\b.*")
US_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")
REGIONS = ("US", "GB", "DE", "FR", "ES")
NUMBERS = (
    "de.idnr", "fr.nir", "es.dni", "es.nie", "it.codicefiscale", "nl.bsn", "pl.pesel", "br.cpf", "gb.nhs",
)  # fmt: skip
"""Official numbers with check digits, as python-stdnum calls them."""


class Vocabulary(NamedTuple):
    """The words in which a kind is often written down; ``telling`` ones mean little else."""

    kind: Kind
    telling: frozenset[str]
    others: frozenset[str] = frozenset()


def _vocabulary(kind: Kind, telling: str, others: str = "") -> Vocabulary:
    return Vocabulary(kind, frozenset(telling.split(",")), frozenset(others.split(",")))


VOCABULARIES = (
    _vocabulary(
        kinds.SEX,
        "male,female,man,woman,männlich,weiblich,mann,frau,homme,femme,masculin,féminin,hombre,mujer,masculino,"
        "femenino",
        "m,f,w,d,h,x,other,unknown,divers,diverse,non-binary,nonbinary,autre,otro",
    ),
    _vocabulary(
        kinds.MARITAL,
        "married,divorced,widowed,never married,verheiratet,ledig,geschieden,verwitwet,marié,mariée,célibataire,"
        "divorcé,divorcée,veuf,veuve,casado,casada,soltero,soltera,divorciado,divorciada,viudo,viuda",
        "single,separated,unknown,domestic partner,civil union,pacs,other",
    ),
    _vocabulary(
        kinds.RACE,
        "asian,hispanic,latino,african american,black or african american,american indian,native american,caucasian,"
        "american indian or alaska native,native hawaiian or other pacific islander,pacific islander,"
        "hispanic or latino",
        "white,black,other,unknown,two or more races,mixed,not hispanic or latino,declined",
    ),
    _vocabulary(
        kinds.RELIGION,
        "christian,muslim,jewish,hindu,buddhist,sikh,catholic,protestant,atheist,orthodox,evangelisch,katholisch,"
        "römisch-katholisch,catholique,católico,musulman,musulmán",
        "none,other,unknown,konfessionslos,agnostic",
    ),
)


def missing() -> list[str]:
    """The packages that are not there and would recognise more."""
    packages = {"stdnum": "python-stdnum", "phonenumbers": "phonenumbers"}
    return [name for module, name in packages.items() if find_spec(module) is None]


def recognised(values: Iterable[object]) -> list[Finding]:
    """What values are: the form that nearly all distinct ones have, or the vocabulary that nearly all come from."""
    texts = {str(value).strip() for value in values if value is not None and value == value}
    texts.discard("")
    return [*_by_form(texts), *_by_words({text.casefold() for text in texts})]


def _by_form(texts: Collection[str]) -> Iterator[Finding]:
    if len(texts) < FEW:
        return
    for what, kind, fits in _forms():
        count = sum(map(fits, texts))
        if count >= SHARE * len(texts):
            reason = f"{count} of {len(texts)} sampled values are {what}"
            yield Finding(kind, round(0.99 * count / len(texts), 2), reason, by_values=True)
            return


def _by_words(words: Collection[str]) -> Iterator[Finding]:
    for one in VOCABULARIES:
        known = [word for word in words if word in one.telling or word in one.others]
        letters = one.kind is kinds.SEX and set(words) in ({"m", "f"}, {"m", "w"}, {"m", "w", "d"}, {"h", "m"})
        telling = sum(word in one.telling for word in words)
        if letters or (len(words) > 1 and telling and len(known) >= SHARE * len(words)):
            reason = f"{len(known)} of {len(words)} distinct sampled values are words for {one.kind.name}"
            yield Finding(
                one.kind, 0.6 if letters else round(0.95 * len(known) / len(words), 2), reason, by_values=True
            )


@cache
def _forms() -> list[tuple[str, Kind, Callable[[str], bool]]]:
    """The forms that can be told here: what they are called, their kind, and the test."""
    found: list[tuple[str, Kind, Callable[[str], bool]]] = [
        ("e-mail addresses", kinds.EMAIL, lambda text: MAIL.fullmatch(text) is not None),
        ("network addresses", kinds.NETWORK, _is_network_address),
        ("in the form of US social security numbers", kinds.IDENTITY, lambda text: US_SSN.fullmatch(text) is not None),
    ]
    if find_spec("stdnum"):
        from stdnum import iban, luhn

        found += [
            ("IBANs", kinds.ACCOUNT, iban.is_valid),
            (
                "card numbers",
                kinds.ACCOUNT,
                lambda text: CARD.fullmatch(text) is not None and luhn.is_valid(re.sub(r"\D", "", text)),
            ),
        ]
        numbers = {name: import_module(f"stdnum.{name}").is_valid for name in NUMBERS}
        found += [(f"official numbers ({name})", kinds.IDENTITY, test) for name, test in numbers.items()]
    if find_spec("phonenumbers"):
        found.append(("telephone numbers", kinds.PHONE, _is_phone))
    return found


def _is_network_address(text: str) -> bool:
    try:
        return bool(ip_address(text)) and ("." in text or ":" in text)
    except ValueError:
        return False


def _is_phone(text: str) -> bool:
    import phonenumbers

    if not PHONE.fullmatch(text) or DATE.fullmatch(text):
        return False
    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
