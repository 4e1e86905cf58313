"""Why a call failed, and on whose side: read from what is known of it. Pure, for the toolkit and the gateway alike."""
