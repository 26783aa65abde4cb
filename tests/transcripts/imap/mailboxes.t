# Folders: create, rename, nest, subscribe, delete; names in modified UTF-7; special use.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b LIST "" ""
S: * LIST (\Noselect) "/" ""
S: b OK LIST completed
C: c LIST "" *
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren) "/" "INBOX"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: c OK LIST completed
C: d CREATE Work/2026/
S~ d OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: e CREATE "Entw&APw-rfe &- mehr"
S~ e OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: f CREATE work//x
S: f NO [CANNOT] mailbox name has an empty level
C: g CREATE "50%"
S: g NO [CANNOT] mailbox name holds a wildcard
C: h CREATE inbox
S: h NO [ALREADYEXISTS] there is such a mailbox
C: i LIST "" W*
S: * LIST (\HasChildren) "/" "Work"
S: * LIST (\HasNoChildren) "/" "Work/2026"
S: i OK LIST completed
C: j LIST "" W%
S: * LIST (\HasChildren) "/" "Work"
S: j OK LIST completed
C: k LIST Work/ %
S: * LIST (\HasNoChildren) "/" "Work/2026"
S: k OK LIST completed
C: l LIST "" {7+}
C: Entw&AP
S: l BAD pattern is neither modified UTF-7 nor UTF-8, or holds controls
C: m LIST "" Entw*
S: * LIST (\HasNoChildren) "/" "Entw&APw-rfe &- mehr"
S: m OK LIST completed
C: n STATUS "Entw&APw-rfe &- mehr" (MESSAGES UIDNEXT UNSEEN SIZE RECENT)
S: * STATUS "Entw&APw-rfe &- mehr" (MESSAGES 0 RECENT 0 UIDNEXT 1 UNSEEN 0 SIZE 0)
S: n OK STATUS completed
C: o STATUS None (MESSAGES)
S: o NO [NONEXISTENT] no such mailbox
C: p RENAME Work Play
S: p OK RENAME completed
C: q LIST "" (Work* Play*)
S: * LIST (\HasChildren) "/" "Play"
S: * LIST (\HasNoChildren) "/" "Play/2026"
S: q OK LIST completed
C: r RENAME None Other
S: r NO [NONEXISTENT] no such mailbox
C: s RENAME Play/2026 Sent
S~ s NO \[ALREADYEXISTS\] .*
C: t UNSUBSCRIBE Play
S: t OK UNSUBSCRIBE completed
C: u SUBSCRIBE Play/2026
S: u OK SUBSCRIBE completed
C: v LSUB "" P%
S: * LSUB (\Noselect) "/" "Play"
S: v OK LSUB completed
C: w LSUB "" P*
S: * LSUB () "/" "Play/2026"
S: w OK LSUB completed
C: x LIST (SUBSCRIBED) "" Play* RETURN (SUBSCRIBED STATUS (MESSAGES))
S: * LIST (\HasNoChildren \Subscribed) "/" "Play/2026"
S: * STATUS "Play/2026" (MESSAGES 0)
S: x OK LIST completed
C: x2 LIST (SUBSCRIBED RECURSIVEMATCH) "" P%
S: * LIST (\HasChildren) "/" "Play" ("CHILDINFO" ("SUBSCRIBED"))
S: x2 OK LIST completed
C: y LIST (SPECIAL-USE) "" %
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: y OK LIST completed
C: z LIST "" inbox
S: * LIST (\HasNoChildren) "/" "INBOX"
S: z OK LIST completed
C: A DELETE INBOX
S: A NO [CANNOT] INBOX stays
C: B DELETE Play/2026
S: B OK DELETE completed
C: C DELETE Play
S: C OK DELETE completed
C: D DELETE Play
S: D NO [NONEXISTENT] no such mailbox
# Several uses, or one that nobody knows, are good grammar and cannot be had: RFC 6154 3.
C: E1 CREATE Both (USE (\All \Flagged))
S: E1 NO [USEATTR] a mailbox has one special use that is known
C: E2 CREATE Odd (USE (\Important))
S: E2 NO [USEATTR] a mailbox has one special use that is known
C: E3 STATUS Odd (MESSAGES)
S~ E3 NO \[NONEXISTENT\] .*
C: E CREATE Sondermuell (USE (\Junk))
S: E NO [USEATTR] another mailbox has this special use
C: F SELECT Nowhere
S: F NO [NONEXISTENT] no such mailbox
C: G SUBSCRIBE "a*"
S: G NO [CANNOT] mailbox name holds a wildcard
C: H LIST "" "[("
S: H OK LIST completed
C: I LIST (UNKNOWN) "" *
S: I BAD unknown option
