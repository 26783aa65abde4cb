# Names are names: trees that move, parents that stay, and what only looks like a path. RFC 9051 5.1, 6.3.4 to 6.3.6.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: a1 CREATE ../x
C: a2 CREATE "..\\..\\boot.ini"
C: a3 CREATE ~root
C: a4 CREATE "#news.misc"
C: a5 CREATE .
S~ a1 OK .*CREATE completed
S~ a2 OK .*CREATE completed
S~ a3 OK .*CREATE completed
S~ a4 OK .*CREATE completed
S~ a5 OK .*CREATE completed
C: b LIST "" "..*"
S: * LIST (\HasChildren) "/" ".."
S: * LIST (\HasNoChildren) "/" "../x"
S: * LIST (\HasNoChildren) "/" "..\\..\\boot.ini"
S: b OK LIST completed
C: b1 CREATE /etc/passwd
C: b2 CREATE a//b
C: b3 CREATE /
C: b4 CREATE a/
C: b5 CREATE a//
C: b6 RENAME a b/
C: b7 RENAME a /b
C: b8 RENAME a b//c
S: b1 NO [CANNOT] mailbox name has an empty level
S: b2 NO [CANNOT] mailbox name has an empty level
S: b3 NO [CANNOT] mailbox name has an empty level
S~ b4 OK .*CREATE completed
S: b5 NO [CANNOT] mailbox name has an empty level
S: b6 NO [CANNOT] mailbox name has an empty level
S: b7 NO [CANNOT] mailbox name has an empty level
S: b8 NO [CANNOT] mailbox name has an empty level
# 32 levels, and no more.
C: c1 CREATE 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32
C: c2 CREATE 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33
C: c3 RENAME 1 0/1
C: c4 DELETE 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32
C: c5 RENAME 1 0/1
C: c6 LIST "" 0/1/2/3/%
S~ c1 OK .*CREATE completed
S: c2 NO [CANNOT] mailbox name has too many levels
S: c3 NO [LIMIT] a limit of this server would be passed
S: c4 OK DELETE completed
S: c5 OK RENAME completed
S: * LIST (\HasChildren) "/" "0/1/2/3/4"
S: c6 OK LIST completed
C- c7 CREATE 
C* 1000 x
C- \r\n
S~ c7 OK .*CREATE completed
C- c8 CREATE 
C* 1001 x
C- \r\n
S: c8 BAD [TOOBIG] mailbox name too long
C- d1 CREATE {3+}\r\na\0b\r\n
C- d2 CREATE {3+}\r\na\rb\r\n
C- d3 CREATE {3+}\r\na\x7fb\r\n
C- d4 CREATE {2+}\r\n\xc3(\r\n
C: d5 CREATE "&AGEAYg-"
C: d6 CREATE "&AOk"
C: d7 CREATE "&2D3-"
S: d1 BAD a literal may not hold NUL
S: d2 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: d3 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: d4 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: d5 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: d6 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: d7 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
# A tree moves with its mail and subscriptions, also while it is selected.
C: e1 CREATE p/q/r
C: e2 SUBSCRIBE p/q
C: e3 APPEND p/q {3+}
C: a:b
C: e4 SELECT p/q
S~ e1 OK .*CREATE completed
S: e2 OK SUBSCRIBE completed
S~ e3 OK \[APPENDUID [0-9]+ 1\] .*
S* e4 OK .*
C: e5 RENAME p new/p
C: e6 FETCH 1 UID
C: e7 LIST "" new* RETURN (SUBSCRIBED STATUS (MESSAGES))
S: e5 OK RENAME completed
S: * 1 FETCH (UID 1)
S: e6 OK FETCH completed
S: * LIST (\HasChildren) "/" "new"
S: * STATUS "new" (MESSAGES 0)
S: * LIST (\HasChildren) "/" "new/p"
S: * STATUS "new/p" (MESSAGES 0)
S: * LIST (\HasChildren \Subscribed) "/" "new/p/q"
S: * STATUS "new/p/q" (MESSAGES 1)
S: * LIST (\HasNoChildren) "/" "new/p/q/r"
S: * STATUS "new/p/q/r" (MESSAGES 0)
S: e7 OK LIST completed
C: e8 RENAME new/p new/p/q/x
C: e9 RENAME new/p Sent
C: e10 RENAME new INBOX
S: e8 NO [CANNOT] it cannot have this name
S: e9 NO [ALREADYEXISTS] exists already
S: e10 NO [ALREADYEXISTS] exists already
# A parent is emptied and stays a name as long as it has children.
C: f1 DELETE new/p/q
S: * OK [CLOSED] the selected mailbox was deleted
S: f1 OK DELETE completed
C: f2 DELETE new/p/q
C: f3 SELECT new/p/q
C: f4 LIST "" new/p/%
S: f2 NO [HASCHILDREN] it has mailboxes below it
S: f3 NO [NONEXISTENT] no such mailbox
S: * LIST (\Noselect \HasChildren) "/" "new/p/q"
S: f4 OK LIST completed
C: f5 LIST (SUBSCRIBED) "" new/*
S: * LIST (\NonExistent \Noselect \HasChildren \Subscribed) "/" "new/p/q"
S: f5 OK LIST completed
C: f6 CREATE new/p/q
C: f7 STATUS new/p/q (MESSAGES)
S~ f6 OK .*CREATE completed
S: * STATUS "new/p/q" (MESSAGES 0)
S: f7 OK STATUS completed
# INBOX gives its mail away and stays; what is below it stays too.
C: g1 CREATE inbox/sub
C: g2 APPEND INBOX {3+}
C: c:d
C: g3 RENAME Inbox Old
C: g4 STATUS Old (MESSAGES)
C: g5 STATUS INBOX (MESSAGES)
C: g6 LIST "" "INBOX*"
S~ g1 OK .*CREATE completed
S~ g2 OK .*
S: g3 OK RENAME completed
S: * STATUS "Old" (MESSAGES 1)
S: g4 OK STATUS completed
S: * STATUS "INBOX" (MESSAGES 0)
S: g5 OK STATUS completed
S: * LIST (\HasChildren) "/" "INBOX"
S: * LIST (\HasNoChildren) "/" "INBOX/sub"
S: g6 OK LIST completed
C: g7 RENAME INBOX Old
S: g7 NO [ALREADYEXISTS] exists already
# What is subscribed need not be there; its parent is told by RECURSIVEMATCH. RFC 5258 4.
C: h1 SUBSCRIBE far/away
C: h2 LIST (SUBSCRIBED RECURSIVEMATCH) "" far%
C: h3 LIST (RECURSIVEMATCH) "" *
C: h4 LIST (SUBSCRIBED) "" far*
C: h5 UNSUBSCRIBE far/away
C: h6 LIST (SUBSCRIBED) "" far*
S: h1 OK SUBSCRIBE completed
S: * LIST (\NonExistent \Noselect \HasNoChildren) "/" "far" ("CHILDINFO" ("SUBSCRIBED"))
S: h2 OK LIST completed
S: h3 BAD RECURSIVEMATCH needs SUBSCRIBED
S: * LIST (\NonExistent \Noselect \HasNoChildren \Subscribed) "/" "far/away"
S: h4 OK LIST completed
S: h5 OK UNSUBSCRIBE completed
S: h6 OK LIST completed
