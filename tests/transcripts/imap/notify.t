# NOTIFY: what it refuses, what it answers, what it tells of this session's own doings. RFC 5465.
S~ \* OK \[CAPABILITY .* NOTIFY .*
C: a1 LOGIN alice@a.test secret
C: a2 NOTIFY SET (personal (AnnotationChange MessageNew MessageExpunge))
S~ a1 OK .*
S: a2 NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] these are the events that there are
C: a3 NOTIFY SET (personal (XNothing))
S~ a3 NO \[BADEVENT .*
C: a4 NOTIFY SET (personal (MessageNew))
S: a4 BAD MessageNew and MessageExpunge come together
C: a5 NOTIFY SET (personal (FlagChange))
S: a5 BAD FlagChange needs MessageNew and MessageExpunge
C: a6 NOTIFY SET (selected (MailboxName))
S: a6 BAD of the selected mailbox there are events of messages only
C: a7 NOTIFY SET (selected NONE) (selected-delayed NONE)
S: a7 BAD the selected mailbox twice
C: a8 NOTIFY SET (personal (MessageNew (UID) MessageExpunge))
S: a8 BAD only in the selected mailbox something can be fetched
C: a9 NOTIFY SET (everywhere NONE)
S: a9 BAD no such choice of mailboxes
C: a10 NOTIFY
S~ a10 BAD .*
C: a11 NOTIFY SET
S~ a11 BAD .*
C: a12 NOTIFY SET STATUS (mailboxes (INBOX Sent) (MessageNew MessageExpunge)) (subtree nowhere (MailboxName))
S~ \* STATUS "?INBOX"? \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY [0-9]+\)
S~ \* STATUS "?Sent"? \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY [0-9]+\)
S: a12 OK NOTIFY completed
C: a13 NOTIFY SET STATUS (inboxes NONE)
S: a13 OK NOTIFY completed
C: a14 SELECT INBOX
S* a14 OK .*
C: a15 NOTIFY SET (selected MessageNew (UID FLAGS) MessageExpunge)
S: a15 OK NOTIFY completed
C: a16 APPEND INBOX {3+}
C: a:b
S: * 1 EXISTS
S~ a16 OK \[APPENDUID .*
C: a17 NOTIFY NONE
S: a17 OK NOTIFY completed
C: a18 APPEND INBOX {3+}
C: a:b
S~ a18 OK \[APPENDUID .*
C: a19 NOOP
S: a19 OK NOOP completed
C: a20 LOGOUT
S~ \* BYE .*
S~ a20 OK .*
