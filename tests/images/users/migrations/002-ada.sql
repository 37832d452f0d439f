-- Her password matches nothing until she sets one.
INSERT INTO users (name, password) VALUES ('ada', '!');
