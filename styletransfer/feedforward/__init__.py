"""Networks that paint in one pass: trained once for hours, they answer in a second."""
