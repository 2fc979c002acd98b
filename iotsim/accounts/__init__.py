"""How people come in: sign-in, invitations, second factors, single sign-on, sessions."""
