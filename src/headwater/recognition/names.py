# SPDX-License-Identifier: Apache-2.0
"""What a column or table is about, by its name: rules as data, in English, German, French and Spanish.

A name is taken apart into words (``ApplicantAge``, ``applicant_age`` and ``APPLICANT-AGE`` are the same), accents are
dropped. A phrase fits where words of the name that stand side by side spell it, however it is divided: ``birth date``
fits ``BIRTHDATE`` too. Of phrases that overlap, the longest counts. Words that make something else of a phrase
(``account age``) void a rule.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from headwater.recognition import kinds
from headwater.recognition.kinds import Finding, Kind

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
SURE, LIKELY, MAYBE = 0.95, 0.8, 0.6


class Rule(NamedTuple):
    """Phrases of one kind, divided by commas, and the words beside them that mean something else."""

    kind: Kind
    confidence: float
    phrases: str
    unless: str = ""


# Words beside the name of something that say that the column holds something about it, not the thing itself.
ABOUT = "count number_of type version model rate status flag sent opened clicked format verified valid service policy "
ABOUT += "length template domain provider consent optin bounced plan bill lines"
# Things that have an age, a language or a country and are no people.
THINGS = "account car vehicle loan debt inventory building house page cache invoice policy file film movie program "
THINGS += "programming device asset machine product item order cookie session bond stock battery id key code"

RULES = (
    Rule(
        kinds.PERSON,
        SURE,
        "first name,last name,full name,middle name,surname,maiden name,maiden,given name,"
        "family name,forename,fname,lname,birth name,spouse name,mother name,father name,vorname,"
        "nachname,familienname,geburtsname,prenom,nom de famille,nom patronymique,apellido,"
        "apellidos,primer apellido,nombre completo",
    ),
    Rule(
        kinds.PERSON,
        LIKELY,
        "customer name,client name,patient name,employee name,applicant name,borrower name,"
        "contact name,person name,member name,guest name,passenger name,driver name,student name,"
        "cardholder,card holder name,account holder,kundenname,patientenname,nom client,"
        "nombre cliente",
    ),
    Rule(kinds.EMAIL, SURE, "email,mail address,e mail,courriel,correo electronico,correo,email adresse", ABOUT),
    Rule(
        kinds.PHONE,
        SURE,
        "phone,telephone,mobile number,mobile phone,cell phone,phone number,msisdn,fax,telefon,"
        "telefonnummer,handy,handynummer,mobilnummer,telefono,movil,portable number,"
        "numero telephone",
        ABOUT,
    ),
    Rule(
        kinds.ADDRESS,
        LIKELY,
        "address,street,street name,street address,address line,postal code,post code,zip,"
        "zip code,home address,mailing address,billing address,strasse,hausnummer,plz,"
        "postleitzahl,anschrift,wohnort,adresse,rue,code postal,direccion,calle,codigo postal,"
        "domicilio",
        ABOUT + " company store supplier warehouse branch site office",
    ),
    Rule(
        kinds.POSITION,
        MAYBE,
        "latitude,longitude,lat,lon,lng,geolocation,gps,gps position",
        "store shop station airport branch warehouse sensor",
    ),
    Rule(
        kinds.IDENTITY,
        SURE,
        "ssn,social security number,social security,national id,national identity number,passport,"
        "passport number,drivers license,driver license,driving licence,licence number,"
        "license number,tax id,tin,nin,nhs number,identity card,personal number,personnummer,mrn,"
        "medical record number,steuer id,steuernummer,sozialversicherungsnummer,ausweisnummer,"
        "reisepass,numero securite sociale,nir,numero fiscal,carte identite,dni,nie,nif,curp,"
        "pasaporte,numero seguridad social,national id number",
    ),
    Rule(
        kinds.ACCOUNT,
        SURE,
        "iban,account number,bank account,card number,credit card number,credit card,debit card,"
        "pan,kontonummer,kreditkarte,kartennummer,numero compte,numero carte,numero cuenta,"
        "numero tarjeta,routing number",
        "type status count brand has flag name limit balance",
    ),
    Rule(
        kinds.CREDENTIAL,
        SURE,
        "password,passwd,pwd,password hash,password salt,user pass,secret key,api key,"
        "access token,pin code,cvv,security answer,passwort,kennwort,mot de passe,contrasena",
        "expires expiry changed updated reset length policy",
    ),
    Rule(
        kinds.CREDENTIAL,
        LIKELY,
        "username,user name,login,login name,login id,user login,benutzername",
        "at time count date last",
    ),
    Rule(
        kinds.NETWORK,
        SURE,
        "ip address,ip addr,client ip,remote ip,remote addr,user ip,author ip,source ip,mac address",
    ),
    Rule(
        kinds.HEALTH,
        LIKELY,
        "diagnosis,icd code,medication,blood type,blood group,allergy,allergies,hiv,"
        "health condition,medical history,diagnose,krankheit,blutgruppe,diagnostic medical,"
        "maladie,enfermedad,diagnostico",
    ),
    Rule(
        kinds.BIOMETRICS,
        LIKELY,
        "fingerprint hash,fingerprint template,face embedding,iris scan,voice print,retina scan",
    ),
    Rule(kinds.UNION, LIKELY, "union member,union membership,trade union,gewerkschaft,syndicat,sindicato"),
    Rule(
        kinds.SEX,
        SURE,
        "sex,gender,is male,is female,male,female,gender code,geschlecht,sexe,sexo,genero,genre personne,anrede",
        "neutral product chromosome",
    ),
    Rule(
        kinds.GENDER_IDENTITY, SURE, "gender identity,transgender,geschlechtsidentitaet,identite genre,identidad genero"
    ),
    Rule(
        kinds.ORIENTATION,
        SURE,
        "sexual orientation,sexuality,sexuelle orientierung,orientation sexuelle,orientacion sexual",
    ),
    Rule(
        kinds.PREGNANCY,
        SURE,
        "pregnant,pregnancy,maternity,schwanger,schwangerschaft,enceinte,grossesse,embarazo,embarazada",
    ),
    Rule(
        kinds.MARITAL,
        SURE,
        "marital,marital status,married,civil status,spouse,marriage status,divorced,widowed,"
        "familienstand,verheiratet,situation familiale,etat civil,situation matrimoniale,"
        "estado civil,personal status",
        "name",
    ),
    Rule(kinds.MARITAL, LIKELY, "family status"),
    Rule(
        kinds.FAMILY,
        LIKELY,
        "dependents,dependants,num dependents,dependent count,dep count,number of children,"
        "children,num children,family size,fam size,family members,fam members,household size,"
        "siblings,parental status,kinder,anzahl kinder,kinderzahl,enfants,nombre enfants,hijos,"
        "numero hijos,personnes a charge",
        "node menu category id task",
    ),
    Rule(
        kinds.RACE,
        SURE,
        "race,ethnicity,ethnic,ethnic group,ethnic origin,ethnie,skin color,skin colour,skin tone,"
        "hispanic,is black,is white,african american,hautfarbe,origine ethnique,etnia,raza,latino",
        "id time lap car track result condition season winner horse distance",
    ),
    Rule(
        kinds.NATIONAL,
        SURE,
        "nationality,national origin,citizenship,citizen,birth country,country of birth,"
        "birth place,place of birth,native country,immigrant,immigration status,foreign worker,"
        "foreigner,ancestry,migration background,staatsangehoerigkeit,nationalitaet,geburtsort,"
        "geburtsland,migrationshintergrund,nationalite,pays naissance,lieu naissance,nacionalidad,"
        "pais nacimiento,lugar nacimiento,ciudadania",
    ),
    Rule(
        kinds.SOCIAL,
        LIKELY,
        "caste,social class,social origin,socioeconomic status,soziale herkunft,origine sociale,clase social",
    ),
    Rule(
        kinds.LANGUAGE,
        SURE,
        "native language,mother tongue,first language,spoken language,primary language,"
        "preferred language,muttersprache,langue maternelle,lengua materna",
    ),
    Rule(kinds.LANGUAGE, MAYBE, "language,sprache,langue,idioma", THINGS + " original"),
    Rule(
        kinds.RELIGION,
        SURE,
        "religion,religious,faith,belief,denomination,konfession,religionszugehoerigkeit,"
        "kirchensteuer,croyance,confession religieuse,creencia",
        "coin bill good",
    ),
    Rule(
        kinds.OPINION,
        SURE,
        "political,political affiliation,political party,party affiliation,political opinion,"
        "registered party,politische einstellung,parteizugehoerigkeit,opinion politique,"
        "afiliacion politica",
        "ad campaign map region",
    ),
    Rule(
        kinds.BIRTH_DATE,
        SURE,
        "birth date,date of birth,dob,birthday,birth day,geburtsdatum,geburtstag,date naissance,"
        "date de naissance,fecha nacimiento,fecha de nacimiento",
    ),
    Rule(
        kinds.AGE,
        SURE,
        "birth year,year of birth,yob,geburtsjahr,annee naissance,ano nacimiento,days birth,"
        "age group,age cat,age band,age range,age bracket,senior citizen",
    ),
    Rule(kinds.AGE, LIKELY, "age,alter,edad", THINGS + " min max"),
    Rule(
        kinds.DISABILITY,
        SURE,
        "disability,disability status,handicap,handicapped,is disabled person,impairment,"
        "behinderung,schwerbehindert,grad der behinderung,discapacidad,invalidite,minusvalia",
        "insurance",
    ),
    Rule(kinds.GENES, SURE, "genetic,genetic marker,genotype,dna,genome,genetisch,genetique,genetico", "algorithm"),
    Rule(
        kinds.ASSISTANCE,
        LIKELY,
        "public assistance,welfare,food stamps,snap benefits,social benefits,medicaid,"
        "unemployment benefit,buergergeld,sozialhilfe,hartz,rsa allocation,ayuda social",
    ),
)

PEOPLE = (
    "customers,clients,employees,people,persons,patients,applicants,borrowers,users,members,contacts,subscribers,"
    "students,passengers,voters,guests,donors,citizens,policyholders,kunden,mitarbeiter,patienten,personen,personal,"
    "clientes,empleados,pacientes,personas,employes,personnes"
)


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return [word.lower() for word in WORD.findall(plain)]


def _spelled(phrases: str) -> Iterator[str]:
    for phrase in phrases.split(","):
        yield phrase.replace(" ", "")


PHRASES: dict[str, list[Rule]] = defaultdict(list)
for _rule in RULES:
    for _phrase in set(_spelled(_rule.phrases)):
        PHRASES[_phrase].append(_rule)
OF_PEOPLE = frozenset(_spelled(PEOPLE))


class _Span(NamedTuple):
    start: int
    end: int
    rules: list[Rule]


def _spans(words: list[str]) -> Iterator[_Span]:
    """Where phrases fit, the longest first."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            spelled = "".join(words[start : start + length])
            if rules := PHRASES.get(spelled) or PHRASES.get(spelled.removesuffix("s")):
                yield _Span(start, start + length, rules)


def recognised(name: str) -> list[Finding]:
    """What the values under a name are, going by the name."""
    words = words_of(name)
    taken: set[int] = set()
    found: list[Finding] = []
    for span in _spans(words):
        places = set(range(span.start, span.end))
        if places & taken:
            continue
        taken |= places
        beside = {words[place] for place in range(len(words)) if place not in places}
        for rule in span.rules:
            if not beside & set(rule.unless.split()) and rule.kind not in [one.kind for one in found]:
                phrase = " ".join(words[span.start : span.end])
                found.append(Finding(rule.kind, rule.confidence, f"the name says {phrase!r}: {rule.kind.name}"))
    return found


def of_people(name: str) -> bool:
    """Whether a table of this name holds people."""
    words = words_of(name)
    return bool(words) and any(word in OF_PEOPLE or f"{word}s" in OF_PEOPLE for word in words[-1:])
