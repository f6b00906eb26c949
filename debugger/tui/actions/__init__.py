"""What the keys do, in groups as in the key table. `MainScreen` is made of them."""
