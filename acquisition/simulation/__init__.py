"""The simulated dyad: two people whose heart, skin, breath and talk follow a script that is known exactly."""
