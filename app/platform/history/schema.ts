/**
 * The form of `history.sqlite`, by version (`PRAGMA user_version`). A file of an older version is brought up step by step,
 * each in a transaction of its own; one of a newer version is refused and left as it is.
 *
 * Most of what an event says is said again and again, so it is kept once: `facet` (server, kind, verdict, who decided),
 * `subject` (what it was about and by which program), `detail` (error, rule, tool), `run`. An event is then a row of
 * numbers, stored in the order of facet and time: every filter over server, kind and verdict is a few ranges that lie in
 * the order in which they are shown, however many rows there are.
 *
 * `words` indexes the texts of subjects by every three characters, without keeping them again; `minute` counts rows, so
 * that sums and bounds need not go through them.
 */
/** "BJhi": tells the file from any other database (`PRAGMA application_id`). */
export const applicationId = 0x424a6869;

export type Migration = readonly string[];

export const migrations: readonly Migration[] = [
  [
    `CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE facet(id INTEGER PRIMARY KEY, server TEXT NOT NULL, kind TEXT NOT NULL, verdict TEXT NOT NULL,
       decider TEXT NOT NULL, UNIQUE(server, kind, verdict, decider))`,
    `CREATE TABLE subject(id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, target TEXT NOT NULL, exe TEXT NOT NULL,
       address TEXT, known TEXT, bytes INTEGER)`,
    `CREATE INDEX subject_hash ON subject(hash)`,
    `CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, detail=none,
       tokenize='trigram case_sensitive 1')`,
    `CREATE TABLE detail(id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE)`,
    `CREATE TABLE run(id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, server TEXT, identity TEXT NOT NULL,
       position INTEGER NOT NULL, newest INTEGER NOT NULL, open TEXT NOT NULL, first INTEGER, last INTEGER)`,
    `CREATE TABLE event(facet INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL, subject INTEGER NOT NULL,
       run INTEGER NOT NULL, seq INTEGER NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL, pid INTEGER NOT NULL,
       detail INTEGER, more TEXT, PRIMARY KEY(facet, at, n)) WITHOUT ROWID`,
    `CREATE INDEX event_subject ON event(subject, at, n)`,
    `CREATE TABLE minute(facet INTEGER NOT NULL, minute INTEGER NOT NULL, lines INTEGER NOT NULL,
       PRIMARY KEY(facet, minute)) WITHOUT ROWID`,
  ],
  // The index by subject in segments (`segments.ts`); of each subject, the latest segment that holds a row about it.
  [
    `CREATE TABLE segment(id INTEGER PRIMARY KEY, since INTEGER NOT NULL, last INTEGER NOT NULL, lines INTEGER NOT NULL)`,
    `INSERT INTO segment SELECT 1, min(at), max(at), count(*) FROM event HAVING count(*) > 0`,
    `ALTER TABLE event ADD COLUMN segment INTEGER NOT NULL DEFAULT 1`,
    `ALTER TABLE subject ADD COLUMN segment INTEGER NOT NULL DEFAULT 1`,
    `DROP INDEX event_subject`,
    `CREATE INDEX event_subject ON event(segment, subject, at, n)`,
  ],
];
