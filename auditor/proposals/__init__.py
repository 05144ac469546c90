"""What files propose: policies and rules in the forms that people review before they merge."""
