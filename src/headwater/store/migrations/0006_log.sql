-- SPDX-License-Identifier: Apache-2.0
-- Who changed what, newest first: an index for each filter of the log that can leave little.

CREATE INDEX change_event_user ON change_event (user_name, position);
CREATE INDEX change_event_type ON change_event (entity_type, position);
CREATE INDEX change_event_major ON change_event (position) WHERE version - previous_version >= 10;

