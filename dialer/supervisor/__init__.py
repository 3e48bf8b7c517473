"""All processes of one machine under one parent: `dialer up` and `dialer demo`."""
