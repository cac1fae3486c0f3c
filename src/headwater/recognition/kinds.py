# SPDX-License-Identifier: Apache-2.0
"""The kinds of data about people that are recognised, and the tags that each deserves."""

from typing import NamedTuple

SENSITIVE = "PII.Sensitive"
PERSONAL = "PersonalData.Personal"
SPECIAL = "PersonalData.SpecialCategory"


class Kind(NamedTuple):
    """A kind of data: what it is called in a reason, and its tags."""

    name: str
    tags: tuple[str, ...]


class Finding(NamedTuple):
    """A kind that something may be of: how sure that is, from 0 to 1, what says so, and whether values were looked at.

    The reason never repeats a value.
    """

    kind: Kind
    confidence: float
    reason: str
    by_values: bool = False


def _protected(name: str, attribute: str, *more: str) -> Kind:
    return Kind(name, (f"ProtectedAttribute.{attribute}", *(more or (PERSONAL,))))


PERSON = Kind("a name of a person", (SENSITIVE, PERSONAL))
EMAIL = Kind("an e-mail address", (SENSITIVE, PERSONAL))
PHONE = Kind("a telephone number", (SENSITIVE, PERSONAL))
ADDRESS = Kind("where somebody lives", (SENSITIVE, PERSONAL))
POSITION = Kind("where somebody is", (SENSITIVE, PERSONAL))
IDENTITY = Kind("an official number of a person", (SENSITIVE, PERSONAL))
ACCOUNT = Kind("an account or card number", (SENSITIVE, PERSONAL))
CREDENTIAL = Kind("a secret or a log-in", (SENSITIVE,))
NETWORK = Kind("a network address", (SENSITIVE, PERSONAL))
HEALTH = Kind("health", (SENSITIVE, SPECIAL))
BIOMETRICS = Kind("biometrics", (SENSITIVE, SPECIAL))
UNION = Kind("membership of a union", (SPECIAL,))

SEX = _protected("sex", "Sex")
GENDER_IDENTITY = _protected("gender identity", "GenderIdentity", SPECIAL)
ORIENTATION = _protected("sexual orientation", "SexualOrientation", SPECIAL)
PREGNANCY = _protected("pregnancy", "Pregnancy", SPECIAL)
MARITAL = _protected("marital status", "MaritalStatus")
FAMILY = _protected("family status", "FamilyStatus")
RACE = _protected("race or ethnicity", "RaceOrEthnicity", SPECIAL)
NATIONAL = _protected("national origin", "NationalOrigin")
SOCIAL = _protected("social origin", "SocialOrigin")
LANGUAGE = _protected("the language that somebody speaks", "Language")
RELIGION = _protected("religion or belief", "ReligionOrBelief", SPECIAL)
OPINION = _protected("political opinion", "PoliticalOpinion", SPECIAL)
AGE = _protected("age", "Age")
BIRTH_DATE = _protected("a date of birth", "Age", SENSITIVE, PERSONAL)
DISABILITY = _protected("disability", "Disability", SPECIAL)
GENES = _protected("genes", "GeneticFeatures", SPECIAL)
ASSISTANCE = _protected("public assistance", "PublicAssistance")
