# Outlook on a desktop: folders by LIST and LSUB, UIDs of the newest, whole letters, deletion by mark.
@mail note.eml
@mail photo.eml
S~ \* OK \[CAPABILITY IMAP4rev1 .*
C: aa01 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: aa01 OK CAPABILITY completed
C: aa02 AUTHENTICATE PLAIN
S: + 
C: AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ aa02 OK \[CAPABILITY IMAP4rev1 .*
C: aa03 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: aa03 OK CAPABILITY completed
C: aa04 ID ("name" "Microsoft Outlook" "version" "16.0")
S~ \* ID \("name" "Posthorn" .*\)
S: aa04 OK ID completed
C: aa05 LIST "" ""
S: * LIST (\Noselect) "/" ""
S: aa05 OK LIST completed
C: aa06 LIST "" "*"
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren) "/" "INBOX"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: aa06 OK LIST completed
C: aa07 LSUB "" "*"
S: * LSUB () "/" "Archive"
S: * LSUB () "/" "Drafts"
S: * LSUB () "/" "INBOX"
S: * LSUB () "/" "Junk"
S: * LSUB () "/" "Sent"
S: * LSUB () "/" "Trash"
S: aa07 OK LSUB completed
C: aa08 LIST (SPECIAL-USE) "" "*"
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: aa08 OK LIST completed
C: aa09 CREATE "Sent Items"
S~ aa09 OK .*
C: aa10 SUBSCRIBE "Sent Items"
S: aa10 OK SUBSCRIBE completed
C: aa11 SELECT "INBOX"
S* \* 2 EXISTS
S* aa11 OK \[READ-WRITE\] .*
C: aa12 UID FETCH 1:* (FLAGS)
S: * 1 FETCH (UID 1 FLAGS ())
S: * 2 FETCH (UID 2 FLAGS ())
S: aa12 OK FETCH completed
C: aa13 UID SEARCH SINCE 1-Jan-2026
S: * SEARCH 1 2
S: aa13 OK SEARCH completed
C: aa14 UID FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])
S~ \* 1 FETCH \(UID 1 FLAGS \(\) INTERNALDATE "[^"]+" RFC822\.SIZE 149 BODY\[HEADER\] \{139\}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: )
S~ \* 2 FETCH \(UID 2 FLAGS \(\) INTERNALDATE "[^"]+" RFC822\.SIZE 741 BODY\[HEADER\] \{290\}
S: From: Carol <carol@a.test>
S: To: Alice <alice@a.test>
S: Cc: Bob Brown <bob@b.test>
S: Subject: the photo
S: Date: Sun, 8 Feb 2026 09:00:00 +0100
S: Message-ID: <photo@a.test>
S: References: <note@b.test>
S: In-Reply-To: <note@b.test>
S: MIME-Version: 1.0
S: Content-Type: multipart/mixed; boundary="b1"
S: 
S: )
S: aa14 OK FETCH completed
C: aa15 UID FETCH 1 (UID FLAGS BODYSTRUCTURE BODY.PEEK[])
S: * 1 FETCH (UID 1 FLAGS () BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 1 NIL NIL NIL NIL) BODY[] {149}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: At noon?
S: )
S: aa15 OK FETCH completed
C: aa16 UID STORE 1 +FLAGS (\Seen)
S: * 1 FETCH (UID 1 FLAGS (\Seen))
S: aa16 OK STORE completed
C: aa17 IDLE
S: + idling
@mail note.eml
S: * 3 EXISTS
C: DONE
S: aa17 OK IDLE completed
C: aa18 NOOP
S: aa18 OK NOOP completed
C: aa19 UID FETCH 3:* (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT FROM DATE)])
S: * 3 FETCH (UID 3 FLAGS () RFC822.SIZE 149 BODY[HEADER.FIELDS (SUBJECT FROM DATE)] {86}
S: From: Bob Brown <bob@b.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: 
S: )
S: aa19 OK FETCH completed
C: aa20 UID STORE 3 +FLAGS (\Deleted)
S: * 3 FETCH (UID 3 FLAGS (\Deleted))
S: aa20 OK STORE completed
C: aa21 UID COPY 3 "Sent Items"
S~ aa21 OK \[COPYUID [0-9]+ 3 1\] COPY completed
C: aa22 EXPUNGE
S: * 3 EXPUNGE
S: aa22 OK EXPUNGE completed
C: aa23 UID STORE 2 -FLAGS (\Seen)
S: * 2 FETCH (UID 2 FLAGS ())
S: aa23 OK STORE completed
C: aa24 EXAMINE "Sent Items"
S* \* 1 EXISTS
S* aa24 OK \[READ-ONLY\] .*
C: aa25 UID FETCH 1:* (FLAGS)
S: * 1 FETCH (UID 1 FLAGS (\Deleted))
S: aa25 OK FETCH completed
C: aa26 LOGOUT
S: * BYE until next time
S: aa26 OK LOGOUT completed
