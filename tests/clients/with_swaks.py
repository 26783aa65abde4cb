"""with_swaks.py - swaks plays a client, a stranger, and a stranger who wants too much."""

from world import *


def swaks(*words, address=A, port=SUBMISSION, status=0):
    return run("swaks", "--server", address, "--port", str(port), "--ehlo", "client.test", "--timeout", "20s",
               *words, status=status)


def trusted(*words, user="alice@a.test", password=PASSWORD, **how):
    return swaks("--tls-verify", "--tls-ca-path", CA, "--auth-user", user, "--auth-password", password,
                 "--from", "alice@a.test", "--to", "bob@b.test", *words, **how)


@case
def starttls_login():
    """swaks submits with STARTTLS and AUTH PLAIN"""
    out = trusted("--tls", "--auth", "PLAIN", "--header", "Subject: swaks plain")
    expect(r"^<~  250 2\.0\.0 ok, id", out)
    arrived("bob@b.test", B, "swaks plain")


@case
def auth_login():
    """swaks submits with implicit TLS and AUTH LOGIN"""
    trusted("--tls-on-connect", "--auth", "LOGIN", "--header", "Subject: swaks login", port=SUBMISSIONS)
    arrived("bob@b.test", B, "swaks login")


@case
def pipelined():
    """swaks pipelines its commands"""
    trusted("--tls", "--auth", "PLAIN", "--pipeline", "--header", "Subject: swaks pipeline")
    arrived("bob@b.test", B, "swaks pipeline")


@case
def no_auth_in_clear():
    """swaks is offered no AUTH before TLS, and nothing is taken without it"""
    out = swaks("--from", "alice@a.test", "--to", "bob@b.test", status=23)
    assert "AUTH" not in out, out
    expect(r"530 5\.7\.0", out)


@case
def wrong_password():
    """swaks with a wrong password: 535"""
    expect(r"535 5\.7\.8", trusted("--tls", "--auth", "PLAIN", password="wrong", status=28))


@case
def anothers_address():
    """swaks may not send as somebody else"""
    expect(r"550 5\.7\.1", trusted("--tls", "--auth", "PLAIN", "--from", "carol@a.test", status=23))


@case
def stranger():
    """swaks, a stranger, delivers to who lives here, in clear and over STARTTLS"""
    swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", "--header", "Subject: swaks clear", port=SMTP)
    swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", "--header", "Subject: swaks tls", "--tls",
          port=SMTP)
    arrived("alice@a.test", A, "swaks clear")
    expect(r"with ESMTPS", arrived("alice@a.test", A, "swaks tls"))


@case
def relay_attempt():
    """swaks, a stranger, cannot relay: 550 5.7.1"""
    out = swaks("--from", "someone@elsewhere.test", "--to", "bob@b.test", port=SMTP, status=24)
    expect(r"550 5\.7\.1", out)


@case
def unknown_recipient():
    """swaks, a stranger, learns during the conversation that nobody has this name: 550 5.1.1"""
    out = swaks("--from", "someone@elsewhere.test", "--to", "nobody@a.test", port=SMTP, status=24)
    expect(r"550 5\.1\.1", out)


@case
def one_of_two():
    """swaks with one good recipient of two delivers to the good one"""
    swaks("--from", "someone@elsewhere.test", "--to", "nobody@a.test,carol@a.test", "--header", "Subject: swaks one",
          port=SMTP)
    arrived("carol@a.test", A, "swaks one")


@case
def dots():
    """swaks sends a body of dots, which come as they were"""
    swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", "--header", "Subject: swaks dots",
          "--body", ".\\n..\\n...quit\\n", port=SMTP)
    expect("^\\.\r\n\\.\\.\r\n\\.\\.\\.quit\r$", arrived("alice@a.test", A, "swaks dots"))


@case
def oversized():
    """swaks with a letter above the size that EHLO states is refused, and the session goes on"""
    limit = int(expect(r"250-SIZE (\d+)", swaks("--quit-after", "EHLO", port=SMTP)).group(1))
    big = path("big.eml", "Subject: too big\r\n\r\n" + ("x" * 78 + "\r\n") * (limit // 80 + 1000))
    out = swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", "--data", "@" + big, "--suppress-data",
                port=SMTP, status=26)
    expect(r"552 5\.3\.4", out)
    expect(r"221 2\.0\.0", out)


@case
def lmtp():
    """swaks speaks LMTP, and hears an answer for each recipient"""
    out = swaks("--protocol", "LMTP", "--from", "someone@elsewhere.test", "--to", "alice@a.test,carol@a.test",
                "--header", "Subject: swaks lmtp", port=LMTP)
    expect(r"^ *~> LHLO|^ -> LHLO", out)
    expect(r"with LMTP", arrived("alice@a.test", A, "swaks lmtp"))
    arrived("carol@a.test", A, "swaks lmtp")


def through_proxy(version, family, source, dest):
    subject = "swaks proxy %d" % version
    swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", "--header", "Subject: " + subject,
          "--proxy-version", str(version), "--proxy-family", family, "--proxy-source", source,
          "--proxy-source-port", "4000", "--proxy-dest", dest, "--proxy-dest-port", "25", "--tls", port=PROXIED)
    return arrived("alice@a.test", A, subject)


@case
def proxied():
    """swaks behind a PROXY header of version 1: who it names is in Received"""
    expect(r"\[192\.0\.2\.7\]", through_proxy(1, "TCP4", "192.0.2.7", "192.0.2.1"))


@case
def proxied_binary():
    """swaks behind a PROXY header of version 2, over IPv6"""
    expect(r"2001:db8::7", through_proxy(2, "AF_INET6", "2001:db8::7", "2001:db8::1"))


@case
def not_proxied():
    """swaks without the header where it is wanted is cut off"""
    out = swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", port=PROXIED, status=None)
    assert "220" not in out, out


@case
def xclient():
    """swaks says by XCLIENT whom it stands for"""
    out = swaks("--from", "someone@elsewhere.test", "--to", "alice@a.test", "--header", "Subject: swaks xclient",
                "--xclient-addr", "192.0.2.9", "--xclient-name", "far.test", "--xclient-port", "7", port=SMTP)
    expect(r"XCLIENT .*ADDR=192\.0\.2\.9", out)
    expect(r"\[192\.0\.2\.9\]", arrived("alice@a.test", A, "swaks xclient"))


run_cases()
