"""What is done about an alert: look into it, move the threshold, train anew, go back."""
