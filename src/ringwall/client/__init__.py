"""What any program needs that calls EC2: its model, requests, answers, credentials, endpoints and the exchange."""
