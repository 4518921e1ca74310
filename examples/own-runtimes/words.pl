#!/usr/bin/env perl
use strict;
use warnings;

my %count;
for my $word (@ARGV) { $count{ lc $word }++ }
print "$_: $count{$_}\n" for sort keys %count;
