// Which of the eight tiles of strokes lies here, 0 to 7 of 255: by the way of the brush, on small squares of the screen,
// so that the pass of all pixels only looks it up.
noperspective in vec2 v_uv;
uniform sampler2D u_way;  // twice the angle along the picture's edges, in the painting's own turn
out vec4 o_tile;

void main() {
    vec2 way = texture(u_way, v_uv).xy - 0.5;
    // Into eighths of twice a half turn, the first around 0.
    way = mat2(0.9239, 0.3827, -0.3827, 0.9239) * way;
    vec2 size = abs(way);
    float eighth = (way.y < 0.0 ? 4.0 : 0.0) + (way.x * way.y < 0.0 ? 2.0 : 0.0);
    eighth += (way.x * way.y < 0.0 ? size.x > size.y : size.y > size.x) ? 1.0 : 0.0;
    o_tile = vec4(eighth / 255.0, 0.0, 0.0, 1.0);
}
