-- What release 0.2.0 wrote: a dump of a store that its own code made.
BEGIN TRANSACTION;
CREATE TABLE item (
	uid VARCHAR(11) NOT NULL, 
	type VARCHAR(20) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	partnership VARCHAR(11) NOT NULL, 
	cycle VARCHAR(11) NOT NULL, 
	doc JSON NOT NULL, 
	base JSON, 
	state VARCHAR(20) NOT NULL, 
	problem TEXT NOT NULL, 
	conflicts JSON NOT NULL, 
	deleted BOOLEAN NOT NULL, 
	said JSON NOT NULL, 
	PRIMARY KEY (uid)
);
INSERT INTO "item" VALUES('aPair000001','partnership','','aPair000001','','{"@unit": "ImspTQPwCqd", "name": "Alpha"}','{"@unit": "ImspTQPwCqd", "name": "Alpha"}','synced','','{}',0,'{}');
INSERT INTO "item" VALUES('aPair000002','partnership','','aPair000002','','{"@unit": "ImspTQPwCqd", "name": "Beta \u65e5\u672c"}',NULL,'to send','','{}',0,'{}');
INSERT INTO "item" VALUES('aCycle00001','cycle','','aPair000001','aCycle00001','{"@date": "2016-08-01", "@status": "COMPLETED"}','{"@date": "2016-08-01", "@status": "ACTIVE"}','to send','','{}',0,'{}');
INSERT INTO "item" VALUES('aEvent00001','record','contact','aPair000001','aCycle00001','{"decisions": "mine"}','{"decisions": "theirs"}','conflict','','{"decisions": ["mine", "theirs"], "contact_type": ["CALL", null]}',0,'{}');
INSERT INTO "item" VALUES('aEvent00002','record','contact','aPair000001','aCycle00001','{"decisions": "x"}',NULL,'error','E1076: it''s refused','{}',0,'{"decisions": "x", "contact_type": null}');
INSERT INTO "item" VALUES('aEvent00003','record','contact','aPair000001','aCycle00001','{"decisions": "x"}','{"decisions": "x"}','synced','','{}',1,'{}');
INSERT INTO "item" VALUES('aEvent00004','record','contact','aPair000001','aCycle00001','{"decisions": "x"}','{}','to send','','{}',0,'{}');
CREATE TABLE setting (
	name VARCHAR(50) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "setting" VALUES('schema','1');
INSERT INTO "setting" VALUES('server','https://one.example/dhis');
INSERT INTO "setting" VALUES('pulled','2026-11-23T10:00:00.000');
CREATE TABLE unit (
	uid VARCHAR(11) NOT NULL, 
	code VARCHAR(50), 
	name VARCHAR(230) NOT NULL, 
	PRIMARY KEY (uid)
);
INSERT INTO "unit" VALUES('ImspTQPwCqd','HOSPITAL','Hôpital d''Alpha');
INSERT INTO "unit" VALUES('O6uvpzGd5pu',NULL,'Clinic');
CREATE INDEX ix_item_partnership ON item (partnership);
CREATE INDEX ix_item_state ON item (state);
COMMIT;
