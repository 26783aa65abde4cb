"""with_compress.py - imaplib and zlib: IMAP sessions in DEFLATE, RFC 4978."""

import imaplib
import threading
import zlib

from world import *


class Compressed(imaplib.IMAP4_SSL):
    """imaplib over zlib; level is the client's."""

    def compress(self, level=6):
        kind, _ = self.xatom("COMPRESS", "DEFLATE")
        same(kind, "OK")
        self.squeeze = zlib.compressobj(level, zlib.DEFLATED, -15)
        self.stretch = zlib.decompressobj(-15)
        self.plain, self.wire = b"", 0
        self.read, self.readline, self.send = self.zread, self.zreadline, self.zsend

    def zsend(self, data):
        self.sock.sendall(self.squeeze.compress(data) + self.squeeze.flush(zlib.Z_SYNC_FLUSH))

    def more(self):
        piece = self.sock.recv(65536)
        assert piece, "the server ended the connection"
        self.wire += len(piece)
        self.plain += self.stretch.decompress(piece)

    def zread(self, size):
        while len(self.plain) < size:
            self.more()
        taken, self.plain = self.plain[:size], self.plain[size:]
        return taken

    def zreadline(self):
        while b"\n" not in self.plain:
            self.more()
        return self.zread(self.plain.index(b"\n") + 1)


def session(user="alice@a.test", level=6):
    m = Compressed(A, IMAPS, ssl_context=tls())
    m.login(user, PASSWORD)
    assert "COMPRESS=DEFLATE" in m.capability()[1][0].decode()
    m.compress(level)
    return m


@case
def compressed_walk():
    """append, select, search, fetch, store, copy and expunge at every level that clients use"""
    for level in 1, 6, 9, 0:
        m = session(level=level)
        message = letter("walk %d" % level, body="All work and no play.\r\n" * 500).encode()
        same(m.append("Archive", r"(\Seen)", None, message)[0], "OK")
        n = int(m.select("Archive")[1][0])
        same(m.fetch(str(n), "(BODY.PEEK[])")[1][0][1], message)
        same(m.store(str(n), "+FLAGS", r"(\Flagged)")[0], "OK")
        same(m.copy(str(n), "Trash")[0], "OK")
        same(m.search(None, "SUBJECT", '"walk %d"' % level)[0], "OK")
        m.store(str(n), "+FLAGS", r"(\Deleted)")
        same(m.expunge()[0], "OK")
        m.logout()


@case
def compressed_is_smaller():
    """a thousand messages' flags and headers arrive in less than half of their bytes"""
    m = session("carol@a.test")
    m.select("Archive")
    for i in range(50):
        same(m.append("Archive", None, None, letter("small %d" % i).encode())[0], "OK")
    wire = m.wire
    plain = 0
    for _ in range(20):
        data = m.fetch("1:*", "(UID FLAGS INTERNALDATE ENVELOPE)")[1]
        plain += sum(len(line) for line in data)
    assert (m.wire - wire) * 2 < plain, (m.wire - wire, plain)
    m.logout()


@case
def compressed_large():
    """ten megabytes up and down, byte for byte, of text and of what cannot be compressed"""
    noise = os.urandom(1500000).hex()
    lines = "\r\n".join(noise[i:i + 70] for i in range(0, len(noise), 70))
    for body in "0123456789" * 7 + "\r\n", lines + "\r\n":
        message = letter("ten", body=body * (145000 if len(body) < 100 else 3)).encode()
        m = session("carol@a.test")
        same(m.append("Archive", None, None, message)[0], "OK")
        n = int(m.select("Archive")[1][0])
        assert m.fetch(str(n), "(BODY.PEEK[])")[1][0][1] == message
        m.logout()


@case
def compressed_idle():
    """an idling compressed session hears of a new letter"""
    m = session()
    n = int(m.select("INBOX")[1][0])
    m.send(b"i1 IDLE\r\n")
    expect(r"^\+ ", m.readline().decode())
    threading.Thread(target=put, args=("alice@a.test", A, letter("idle"))).start()
    same(m.readline(), b"* %d EXISTS\r\n" % (n + 1))
    m.send(b"DONE\r\n")
    expect("^i1 OK", m.readline().decode())
    m.logout()


@case
def compressed_once():
    """a second COMPRESS is refused, and the session goes on"""
    m = session()
    expect("COMPRESSIONACTIVE", str(error(m.xatom, "COMPRESS", "DEFLATE")))
    same(m.noop()[0], "OK")
    m.logout()


def error(function, *args):
    try:
        return function(*args)
    except imaplib.IMAP4.error as e:
        return e


run_cases()
