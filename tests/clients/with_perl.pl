# with_perl.pl - Perl's Mail::IMAPClient, as scripts of long standing use it: every step of a day. Prints TAP.
use strict;
use warnings;
use Mail::IMAPClient;
use Test::More tests => 12;

my $user = 'alice@a.test';

# A logged-in session; tls: from the first byte, or by STARTTLS.
sub session {
    my (%more) = @_;
    my %tls = (SSL_ca_file => $ENV{CA}, SSL_verifycn_name => 'mail.a.test');
    my $starttls = delete $more{starttls};
    my $imap = Mail::IMAPClient->new(
        Server => $ENV{A_ADDRESS}, Port => $starttls ? $ENV{PORT_IMAP} : $ENV{PORT_IMAPS}, User => $user,
        Password => 'secret', Timeout => 20, Uid => 1, ($starttls ? 'Starttls' : 'Ssl') => [%tls], %more)
        or die "no session: $@\n";
    return $imap;
}

sub letter {
    my ($subject, $body) = @_;
    return "From: bob\@b.test\r\nTo: alice\@a.test\r\nSubject: $subject\r\n"
        . "Date: Sat, 7 Feb 2026 21:52:25 +0000\r\nMessage-ID: <$subject\@client.test>\r\n\r\n$body\r\n";
}

# A case: its name, and what dies when something is wrong.
sub case {
    my ($name, $body) = @_;
    my $done = eval { $body->(); 1 };
    ok($done, $name) or diag($@);
}

sub same {
    my ($got, $wanted) = @_;
    $got = join(' ', sort @$got) if ref $got;
    $wanted = join(' ', sort @$wanted) if ref $wanted;
    $got = '(nothing)' unless defined $got;
    die "got '$got', wanted '$wanted'\n" unless $got eq $wanted;
}

my $imap = session(Debug => $ENV{IMAP_DEBUG});

case 'logs in with TLS and by STARTTLS; a wrong password is refused' => sub {
    my $other = session(starttls => 1, Authmechanism => 'PLAIN');
    $other->logout or die $other->LastError;
    die "logged in\n" if eval { session(Password => 'wrong') };
    die $@ unless $@ =~ /AUTHENTICATIONFAILED/;
};

case 'lists folders, and finds the special ones by their use' => sub {
    my %there = map { $_ => 1 } $imap->folders;
    $there{$_} or die "no $_\n" for qw(INBOX Drafts Sent Junk Trash Archive);
    same($imap->separator, '/');
    my @special = grep { /\\Sent\b/ } $imap->tag_and_run('LIST (SPECIAL-USE) "" *');
    same(scalar @special, 1);
    die $special[0] unless $special[0] =~ /"?Sent"?\s*$/;
};

case 'appends, and is told the UIDs' => sub {
    for my $i (1 .. 5) {
        same($imap->append_string('INBOX', letter("perl-$i", "body $i")), $i);
    }
    same($imap->message_count('INBOX'), 5);
};

case 'reads headers, text, sizes and structure' => sub {
    $imap->select('INBOX') or die $imap->LastError;
    same($imap->subject(2), 'perl-2');
    same($imap->bodypart_string(2, 1), "body 2\r\n");
    same($imap->size(2), length letter('perl-2', 'body 2'));
    same($imap->message_string(3), letter('perl-3', 'body 3'));
    same($imap->get_bodystructure(2)->bodytype, 'TEXT');
    same($imap->get_envelope(2)->messageid, '<perl-2@client.test>');
    my $headers = $imap->parse_headers([1 .. 5], 'Subject', 'From');
    same($headers->{4}{Subject}[0], 'perl-4');
    same([$imap->seen], [2, 3]);
};

case 'sets and removes flags' => sub {
    $imap->set_flag('Flagged', 1) or die $imap->LastError;
    $imap->store('1,4', '+FLAGS', '(\Answered $Label1)') or die $imap->LastError;
    same([$imap->flags(1)], ['$Label1', '\Answered', '\Flagged']);
    $imap->deny_seeing(3) or die $imap->LastError;
    same(scalar $imap->unseen_count, 4);
    same([$imap->search('KEYWORD', '$Label1')], [1, 4]);
};

case 'searches' => sub {
    same([$imap->search('SUBJECT', 'perl-4')], [4]);
    same([$imap->search('NOT', 'BODY', 'body 2')], [1, 3, 4, 5]);
    same([$imap->since(1770500000 - 5 * 86400)], [1 .. 5]);
    same([$imap->sort('REVERSE SUBJECT', 'UTF-8', 'ALL')], [1 .. 5]) if $imap->has_capability('SORT');
};

case 'makes, renames, subscribes and deletes folders' => sub {
    $imap->create('Work/Plans') or die $imap->LastError;
    $imap->subscribe('Work/Plans') or die $imap->LastError;
    die "not subscribed\n" unless grep { $_ eq 'Work/Plans' } $imap->subscribed;
    $imap->rename('Work/Plans', 'Work/Done') or die $imap->LastError;
    die "not there\n" unless $imap->exists('Work/Done');
    $imap->delete('Work/Done') or die $imap->LastError;
    die "still there\n" if $imap->exists('Work/Done');
};

case 'copies and moves, and is told the new UIDs' => sub {
    $imap->select('INBOX') or die $imap->LastError; # after DELETE it believes that none is selected
    same($imap->copy('Archive', 1, 2), '1,2');
    die "no MOVE\n" unless $imap->has_capability('MOVE');
    $imap->move('Archive', [3]) or die $imap->LastError;
    $imap->expunge;
    same([$imap->messages], [1, 2, 4, 5]);
    same($imap->message_count('Archive'), 3);
};

case 'deletes one, and expunges it alone' => sub {
    $imap->delete_message(1, 5) or die $imap->LastError;
    $imap->uidexpunge('5') or die $imap->LastError;
    same([$imap->messages], [1, 2, 4]);
    $imap->expunge or die $imap->LastError;
    same([$imap->messages], [2, 4]);
};

case 'hears of a new letter while it idles' => sub {
    my $tag = $imap->idle or die $imap->LastError;
    my $other = session();
    my $began = time;
    $other->append_string('INBOX', letter('news', 'new')) or die $other->LastError;
    my $heard = $imap->idle_data(10) or die "nothing heard\n";
    die "heard: @$heard\n" unless grep { /3 EXISTS/ } @$heard;
    die "too late\n" if time - $began > 2;
    $imap->done($tag) or die $imap->LastError;
    same($imap->message_count, 3);
    $other->logout;
};

case 'STATUS and what another session changed' => sub {
    my $other = session();
    $other->select('INBOX');
    $other->delete_message(2);
    $other->expunge;
    $imap->noop or die $imap->LastError;
    same([$imap->messages], [4, 6]);
    same($imap->uidnext('INBOX'), 7);
    die "changed\n" unless $imap->uidvalidity('INBOX') == $other->uidvalidity('INBOX');
    $other->logout;
};

case 'logs out' => sub {
    $imap->logout or die $imap->LastError;
};
