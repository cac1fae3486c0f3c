# SPDX-License-Identifier: Apache-2.0
"""Glossaries, data products, certification, custom properties, roles and policies through the client."""

from typing import Any

import pytest
from metadata.generated.schema.api.classification.createClassification import CreateClassificationRequest
from metadata.generated.schema.api.classification.createTag import CreateTagRequest
from metadata.generated.schema.api.data.createCustomProperty import CreateCustomPropertyRequest
from metadata.generated.schema.api.data.createGlossary import CreateGlossaryRequest
from metadata.generated.schema.api.data.createGlossaryTerm import CreateGlossaryTermRequest
from metadata.generated.schema.api.domains.createDataProduct import CreateDataProductRequest
from metadata.generated.schema.api.domains.createDomain import CreateDomainRequest
from metadata.generated.schema.api.policies.createPolicy import CreatePolicyRequest
from metadata.generated.schema.api.teams.createRole import CreateRoleRequest
from metadata.generated.schema.api.teams.createTeam import CreateTeamRequest
from metadata.generated.schema.entity.bot import Bot
from metadata.generated.schema.entity.classification.tag import Tag
from metadata.generated.schema.entity.data.glossaryTerm import GlossaryTerm
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.policies.accessControl.resourceDescriptor import Operation
from metadata.generated.schema.entity.policies.accessControl.rule import Effect, Rule
from metadata.generated.schema.entity.policies.policy import Policy
from metadata.generated.schema.entity.teams.role import Role
from metadata.generated.schema.entity.teams.team import Team
from metadata.generated.schema.entity.teams.user import User
from metadata.generated.schema.type.assetCertification import AssetCertification
from metadata.generated.schema.type.customProperty import PropertyType
from metadata.generated.schema.type.entityReferenceList import EntityReferenceList
from metadata.generated.schema.type.tagLabel import TagLabel
from metadata.ingestion.models.custom_properties import CustomPropertyDataTypes, OMetaCustomProperties
from metadata.ingestion.ometa.client import APIError
from metadata.ingestion.ometa.mixins.patch_mixin_utils import PatchOperation
from metadata.sdk import MLModels

from .making import label, model, reference, text, texts, user


def tags(entity: Any) -> list[tuple[str, str]]:
    return sorted((text(each.tagFQN), each.labelType.value) for each in entity.tags)


def glossary(om: Any, name: str, **members: Any) -> Any:
    om.create_or_update(CreateGlossaryRequest(name=name, description="words", displayName=name))
    return om.create_or_update(CreateGlossaryTermRequest(glossary=name, name="term", description="a word", **members))


def term_label(name: str) -> Any:
    return TagLabel(tagFQN=name, source="Glossary", labelType="Manual", state="Confirmed")


def test_a_term_brings_its_tags(om: Any, unique: str) -> None:
    glossary(om, unique, tags=[label("PII.Sensitive")])
    made = model(om, unique, tags=[term_label(f"{unique}.term")])
    assert tags(made) == [("PII.Sensitive", "Derived"), (f"{unique}.term", "Manual")]
    again = model(om, unique, tags=[term_label(f"{unique}.term")])
    assert text(again.version) == 0.1
    assert [each["id"] for each in om.get_glossary_term_assets(f"{unique}.term")["data"]] == [str(text(made.id))]
    om.patch_tag(MlModel, again, term_label(f"{unique}.term"), operation=PatchOperation.REMOVE)
    assert tags(om.get_by_id(MlModel, made.id, fields=["tags"])) == []


def test_terms_below_terms(om: Any, unique: str) -> None:
    glossary(om, unique)
    below = CreateGlossaryTermRequest(glossary=unique, parent=f"{unique}.term", name="part", description="narrower")
    made = om.create_or_update(below)
    assert text(made.fullyQualifiedName) == f"{unique}.term.part"
    listed = om.list_all_entities(GlossaryTerm, params={"parent": str(text(made.parent.id))})
    assert [each.id for each in listed] == [made.id]


def test_tags_below_tags(om: Any, unique: str) -> None:
    om.create_or_update(CreateClassificationRequest(name=unique, description="words"))
    om.create_or_update(CreateTagRequest(classification=unique, name="a", description="wide"))
    made = om.create_or_update(
        CreateTagRequest(classification=unique, parent=f"{unique}.a", name="b", description="narrow")
    )
    assert text(made.fullyQualifiedName) == f"{unique}.a.b"
    assert om.get_by_name(Tag, f"{unique}.a.b").id == made.id
    assert tags(model(om, unique, tags=[label(f"{unique}.a.b")])) == [(f"{unique}.a.b", "Manual")]


def test_assets_of_a_data_product(om: Any, unique: str) -> None:
    domain = om.create_or_update(CreateDomainRequest(name=unique, domainType="Aggregate", description="d"))
    om.create_or_update(CreateDataProductRequest(name=unique, description="p", domains=[unique]))
    made = model(om, unique, domains=[text(domain.fullyQualifiedName)])
    om.add_assets_to_data_product(unique, [reference(made, "mlmodel")])
    assert [each["id"] for each in om.get_data_product_assets(unique)["data"]] == [str(text(made.id))]
    found = om.get_by_id(MlModel, made.id, fields=["dataProducts"])
    assert [each.name for each in text(found.dataProducts)] == [unique]
    om.remove_assets_from_data_product(unique, [reference(made, "mlmodel")])
    assert om.get_data_product_assets(unique)["data"] == []


def test_patch_domain(om: Any, unique: str) -> None:
    domain = om.create_or_update(CreateDomainRequest(name=unique, domainType="Aggregate", description="d"))
    made = model(om, unique)
    changed = om.patch_domain(MlModel, made, EntityReferenceList(root=[reference(domain, "domain")]))
    assert [each.id for each in text(changed.domains)] == [domain.id]


def test_a_certificate(om: Any, unique: str) -> None:
    made = om.get_by_id(MlModel, model(om, unique).id)
    changed = made.model_copy(deep=True)
    changed.certification = AssetCertification(
        tagLabel=label("Certification.Gold"), appliedDate=1_700_000_000_000, expiryDate=1_900_000_000_000
    )
    patched = om.patch(MlModel, made, changed)
    assert text(patched.certification.tagLabel.tagFQN) == "Certification.Gold"
    assert text(om.get_by_id(MlModel, made.id, fields=["certification"]).certification.expiryDate) > 0


def define(om: Any, name: str, kind: CustomPropertyDataTypes) -> None:
    request = CreateCustomPropertyRequest(
        name=name, description="of a test", propertyType=om.get_property_type_ref(kind)
    )
    om.create_or_update_custom_property(OMetaCustomProperties(entity_type=MlModel, createCustomPropertyRequest=request))


def test_custom_properties(om: Any, unique: str) -> None:
    note, size = f"{unique}Note", f"{unique}Size"
    define(om, note, CustomPropertyDataTypes.STRING)
    define(om, size, CustomPropertyDataTypes.INTEGER)
    assert {note, size} <= {each["name"] for each in om.get_entity_custom_properties(MlModel)}
    assert isinstance(om.get_property_type_ref(CustomPropertyDataTypes.MARKDOWN), PropertyType)
    made = model(om, unique, extension={note: "n"})
    assert text(made.extension) == {note: "n"}
    changed = om.patch_custom_properties(MlModel, made.id, {size: 3})
    assert text(changed.extension) == {note: "n", size: 3}
    with pytest.raises(APIError, match=f"{unique}Unknown"):
        model(om, unique, extension={f"{unique}Unknown": 1})
    with pytest.raises(APIError, match=size):
        model(om, unique, extension={size: "many"})


def test_custom_properties_by_the_fluent_calls(om: Any, unique: str) -> None:
    note = f"{unique}Note"
    define(om, note, CustomPropertyDataTypes.STRING)
    made = model(om, unique)
    MLModels.use_client(om)
    assert text(MLModels.update_custom_properties(made.id).with_property(note, "v").execute().extension) == {note: "v"}
    cleared = MLModels.update_custom_properties_by_name(f"{unique}.m").clear_all().execute()
    assert not text(cleared.extension)


def test_every_type_of_custom_property_is_there(om: Any) -> None:
    kinds = list(CustomPropertyDataTypes)
    assert [text(om.get_custom_property_type(kind).name) for kind in kinds] == [kind.value for kind in kinds]


def test_roles_and_policies(om: Any, unique: str) -> None:
    rule = Rule(name="read", effect=Effect.allow, operations=[Operation.ViewAll], resources=["mlmodel"])
    policy = om.create_or_update(CreatePolicyRequest(name=unique, rules=[rule], description="p"))
    second = om.create_or_update(CreatePolicyRequest(name=f"{unique}2", rules=[rule]))
    role = om.create_or_update(CreateRoleRequest(name=unique, policies=[unique]))
    assert [each.id for each in text(role.policies)] == [policy.id]
    om.patch_role_policy(role.id, second.id)
    found = om.get_by_id(Role, role.id, fields=["policies"])
    assert {text(each.id) for each in text(found.policies)} == {text(policy.id), text(second.id)}
    write = Rule(
        name="write", effect=Effect.deny, operations=[Operation.EditAll], resources=["mlmodel"], condition="isOwner()"
    )
    om.patch_policy_rule(policy.id, write)
    rules = text(om.get_by_id(Policy, policy.id).rules)
    assert texts(each.name for each in rules) == ["read", "write"]


def test_people_and_teams(om: Any, unique: str) -> None:
    member = user(om, f"{unique}-member")
    team = om.create_or_update(CreateTeamRequest(name=unique, teamType="Group", users=[member.id]))
    assert [each.id for each in text(om.get_by_id(Team, team.id, fields=["users"]).users)] == [member.id]
    assert team.id in [each.id for each in text(om.get_by_id(User, member.id, fields=["teams"]).teams)]
    made = model(om, unique, owners=[reference(team, "team")])
    assert [each["id"] for each in om.get_team_assets(unique)["data"]] == [str(text(made.id))]
    with pytest.raises(APIError):
        model(om, unique, owners=[reference(team, "team"), reference(member, "user")])


def test_the_bot_of_ingestions_is_there(om: Any) -> None:
    assert om.get_by_name(User, "ingestion-bot").isBot is True
    assert text(om.get_by_name(Bot, "ingestion-bot").botUser.name) == "ingestion-bot"
