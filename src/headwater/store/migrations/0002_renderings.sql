-- SPDX-License-Identifier: Apache-2.0
-- The present document of an entity is the document of its newest state, `entity.position`: it is kept once.
-- What everybody reads is kept written out, and is true as long as nothing that it shows has changed since.

ALTER TABLE entity DROP COLUMN document;
ALTER TABLE entity DROP COLUMN change;

-- The position since which others show the entity as they do now: by its names, its card, whether it is deleted.
ALTER TABLE entity ADD COLUMN shown_since {bigint} NOT NULL DEFAULT 0;

-- An index: `body` is the entity as it was written out at `position`, `shows` the nodes of all that it names (a JSON
-- array), itself included. Links in it begin with the character U+0001 where the server's address belongs.
CREATE TABLE rendering (
    entity {key},
    position {bigint} NOT NULL,
    shows TEXT NOT NULL,
    body {bytes} NOT NULL
);
