# THREAD by subject and by references, RFC 5256; REFS, draft-ietf-morg-inthread.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS .*\] .*
C: b1 APPEND INBOX "09-Feb-2026 12:00:00 +0000" {77+}
C: Date: Sun, 1 Feb 2026 12:00:00 +0000
C: Message-ID: <1@a>
C: Subject: plan
C: 
C: x
C: 
S~ b1 OK .*
C: b2 APPEND INBOX "02-Feb-2026 12:00:00 +0000" {101+}
C: Date: Mon, 2 Feb 2026 12:00:00 +0000
C: Message-ID: <2@a>
C: In-Reply-To: <1@a>
C: Subject: Re: plan
C: 
C: x
C: 
S~ b2 OK .*
C: b3 APPEND INBOX "03-Feb-2026 12:00:00 +0000" {100+}
C: Date: Tue, 3 Feb 2026 12:00:00 +0000
C: Message-ID: <3@a>
C: References: <1@a>
C: Subject: Re: plan
C: 
C: x
C: 
S~ b3 OK .*
C: b4 APPEND INBOX "04-Feb-2026 12:00:00 +0000" {110+}
C: Date: Wed, 4 Feb 2026 12:00:00 +0000
C: Message-ID: <4@a>
C: References: <1@a> <2@a>
C: Subject: another word
C: 
C: x
C: 
S~ b4 OK .*
C: b5 APPEND INBOX "05-Feb-2026 12:00:00 +0000" {104+}
C: Date: Thu, 5 Feb 2026 12:00:00 +0000
C: Message-ID: <5@a>
C: References: <lost@a>
C: Subject: elsewhere
C: 
C: x
C: 
S~ b5 OK .*
C: b6 APPEND INBOX "06-Feb-2026 12:00:00 +0000" {108+}
C: Date: Fri, 6 Feb 2026 12:00:00 +0000
C: Message-ID: <6@a>
C: References: <lost@a>
C: Subject: Re: elsewhere
C: 
C: x
C: 
S~ b6 OK .*
C: b7 APPEND INBOX "07-Feb-2026 12:00:00 +0000" {58+}
C: Date: Sat, 7 Feb 2026 12:00:00 +0000
C: Subject: PLAN
C: 
C: x
C: 
S~ b7 OK .*
C: c SELECT INBOX
S* c OK .*
C: d1 THREAD ORDEREDSUBJECT UTF-8 ALL
S: * THREAD (1 (2)(3)(7))(4)(5 6)
S: d1 OK THREAD completed
C: d2 UID THREAD REFERENCES UTF-8 ALL
S: * THREAD ((1 (2 4)(3))(7))((5)(6))
S: d2 OK THREAD completed
C: d3 THREAD REFS UTF-8 ALL
S: * THREAD ((5)(6))(7)(1 (2 4)(3))
S: d3 OK THREAD completed
C: d4 THREAD REFERENCES UTF-8 2:4
S: * THREAD ((2 4)(3))
S: d4 OK THREAD completed
C: d5 THREAD REFERENCES US-ASCII SUBJECT nothing
S: * THREAD
S: d5 OK THREAD completed
C: d6 THREAD NOSUCH UTF-8 ALL
S: d6 BAD unknown algorithm
