# SAVEDATE, RFC 8514: when a message came into this mailbox, whatever its INTERNALDATE.
S~ \* OK \[CAPABILITY .* SAVEDATE .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b APPEND INBOX "01-Feb-1994 12:00:00 +0000" {6+}
C: a: 1
C: 
S~ b OK .*
C: c SELECT INBOX
S* c OK .*
C: d FETCH 1 (INTERNALDATE SAVEDATE)
S~ \* 1 FETCH \(INTERNALDATE " 1-Feb-1994 12:00:00 \+0000" SAVEDATE "[ 0-3][0-9]-[A-Z][a-z][a-z]-2[0-9][0-9][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] \+0000"\)
S: d OK FETCH completed
C: e SEARCH SAVEDATESUPPORTED
S: * SEARCH 1
S: e OK SEARCH completed
C: e SEARCH NOT SAVEDATESUPPORTED
S: * SEARCH
S: e OK SEARCH completed
C: f SEARCH BEFORE 1-Jan-2000 SAVEDSINCE 1-Jan-2020
S: * SEARCH 1
S: f OK SEARCH completed
C: g SEARCH OR SAVEDBEFORE 1-Jan-2020 SAVEDON 1-Feb-1994
S: * SEARCH
S: g OK SEARCH completed
