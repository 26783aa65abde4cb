# A literal of 4 GiB that comes without waiting: nobody passes over so much.
S~ \* OK .*
C: a15 LOGIN alice@a.test {4294967296+}
S: * BYE [LIMIT] literal too large to be passed over
S!
