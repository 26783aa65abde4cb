# OBJECTID, RFC 8474: ids of mailboxes, messages and threads.
S~ \* OK \[CAPABILITY .* OBJECTID .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b CREATE Notes
S~ b OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: c1 APPEND Notes {50+}
C: Message-ID: <one@x.test>
C: Subject: plan
C: 
C: first
C: 
S~ c1 OK .*
C: c2 APPEND Notes {53+}
C: In-Reply-To: <one@x.test>
C: Subject: Re: plan
C: 
C: yes
C: 
S~ c2 OK .*
C: d STATUS Notes (MESSAGES MAILBOXID)
S~ \* STATUS "Notes" \(MESSAGES 2 MAILBOXID \(F[0-9a-f]+\)\)
S: d OK STATUS completed
C: d LIST "" Notes RETURN (STATUS (MAILBOXID))
S~ \* LIST .*
S~ \* STATUS "Notes" \(MAILBOXID \(F[0-9a-f]+\)\)
S: d OK LIST completed
C: e EXAMINE Notes
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 2 EXISTS
S: * 0 RECENT
S~ \* OK \[UNSEEN 1\].*
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 3.*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ e OK .*
# An answer belongs to the thread of what it answers; the ids begin with a letter.
C: f UID FETCH 1:2 (EMAILID THREADID)
S~ \* 1 FETCH \(UID 1 EMAILID \(M[0-9a-f]+-1\) THREADID \(T[0-9a-f]+-1\)\)
S~ \* 2 FETCH \(UID 2 EMAILID \(M[0-9a-f]+-2\) THREADID \(T[0-9a-f]+-1\)\)
S: f OK FETCH completed
C: g SEARCH OR EMAILID M0-1 THREADID nothing
S: * SEARCH
S: g OK SEARCH completed
C: h SEARCH EMAILID
S: h BAD a space expected
