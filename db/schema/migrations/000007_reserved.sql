-- Keeps the number for the change that is to come before the next one.

-- down
