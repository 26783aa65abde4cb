# SORT by every key, RFC 5256 and RFC 5957; ESORT, RFC 5267 3.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* SORT SORT=DISPLAY ESORT .*\] .*
C: b1 APPEND INBOX "03-Feb-2026 12:00:00 +0000" {105+}
C: Date: Sun, 1 Feb 2026 12:00:00 +0000
C: From: Zoe <adam@c.test>
C: To: carol@a.test
C: Subject: Re: beta
C: 
C: 1
C: 
S~ b1 OK .*
C: b2 APPEND INBOX "01-Feb-2026 12:00:00 +0000" {155+}
C: Date: Sun, 1 Feb 2026 13:00:00 +0200
C: From: =?utf-8?q?=C3=84nne?= <zack@c.test>
C: To: team: bob@a.test;
C: Cc: x@b.test
C: Subject: [list] Alpha
C: 
C: 1234567890
C: 
S~ b2 OK .*
C: b3 APPEND INBOX "02-Feb-2026 12:00:00 +0000" {50+}
C: From: mike@c.test
C: Subject: ALPHA (fwd)
C: 
C: 12345
C: 
S~ b3 OK .*
C: c SELECT INBOX
S* c OK .*
C: d1 SORT (ARRIVAL) UTF-8 ALL
S: * SORT 2 3 1
S: d1 OK SORT completed
C: d2 SORT (REVERSE ARRIVAL) UTF-8 ALL
S: * SORT 1 3 2
S: d2 OK SORT completed
# 11:00 UTC, 12:00 UTC; without a Date the day it came.
C: d3 UID SORT (DATE) US-ASCII ALL
S: * SORT 2 1 3
S: d3 OK SORT completed
C: d4 SORT (SUBJECT) UTF-8 ALL
S: * SORT 2 3 1
S: d4 OK SORT completed
C: d5 SORT (SUBJECT REVERSE SIZE) UTF-8 ALL
S: * SORT 2 3 1
S: d5 OK SORT completed
C: d6 SORT (SUBJECT SIZE) UTF-8 ALL
S: * SORT 3 2 1
S: d6 OK SORT completed
C: d7 SORT (FROM) UTF-8 ALL
S: * SORT 1 3 2
S: d7 OK SORT completed
C: d8 SORT (DISPLAYFROM) UTF-8 ALL
S: * SORT 2 3 1
S: d8 OK SORT completed
C: d9 SORT (TO) UTF-8 ALL
S: * SORT 3 1 2
S: d9 OK SORT completed
C: d10 SORT (DISPLAYTO) UTF-8 ALL
S: * SORT 3 1 2
S: d10 OK SORT completed
C: d11 SORT (REVERSE CC) UTF-8 ALL
S: * SORT 2 1 3
S: d11 OK SORT completed
C: d12 SORT (SIZE) UTF-8 SUBJECT alpha
S: * SORT 3 2
S: d12 OK SORT completed
C: d13 SORT (SIZE) UTF-8 SUBJECT nothing
S: * SORT
S: d13 OK SORT completed
C: e1 SORT RETURN (MIN MAX COUNT ALL) (ARRIVAL) UTF-8 ALL
S: * ESEARCH (TAG "e1") MIN 2 MAX 1 COUNT 3 ALL 2:3,1
S: e1 OK SORT completed
C: e2 UID SORT RETURN (PARTIAL 2:9) (ARRIVAL) UTF-8 ALL
S: * ESEARCH (TAG "e2") UID PARTIAL (2:9 3,1)
S: e2 OK SORT completed
C: e3 SORT RETURN (SAVE MAX) (ARRIVAL) UTF-8 ALL
S: * ESEARCH (TAG "e3") MAX 1
S: e3 OK SORT completed
C: e4 SEARCH $
S: * SEARCH 1
S: e4 OK SEARCH completed
C: e5 SORT RETURN () (RELEVANCY) UTF-8 FUZZY SUBJECT "alpha [list]"
S: * ESEARCH (TAG "e5") ALL 2:3
S: e5 OK SORT completed
C: f1 SORT (NOSUCH) UTF-8 ALL
S: f1 BAD unknown sort key
C: f2 SORT () UTF-8 ALL
S~ f2 BAD .*
C: f3 SORT (DATE) X-NONE ALL
S~ f3 NO \[BADCHARSET .*
C: f4 SORT (DATE) UTF-8 MODSEQ 1 SUBJECT beta
S* \* SORT 1 \(MODSEQ [0-9]+\)
S: f4 OK SORT completed
