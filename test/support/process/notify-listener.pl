# Receives what a service tells its service manager, and prints it: a datagram a line, its assignments by tabs. Perl, as Node.js has no datagrams
# over Unix sockets, and every Debian has Perl. Usage: perl notify-listener.pl SOCKET
use strict;
use warnings;
use Socket;

$| = 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, sockaddr_un($ARGV[0])) or die "bind: $!";
print "listening\n";
# What is passed along, a file descriptor behind BARRIER=1, is closed by not being taken: that is what the sender waits for.
while (defined recv($socket, my $text, 4096, 0)) {
  $text =~ s/\n/\t/g;
  print "$text\n";
}
